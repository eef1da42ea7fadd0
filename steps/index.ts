import { spec as applyServing } from './apply-serving/spec.ts';
import { spec as checkRevision } from './check-revision/spec.ts';
import type { StepSpec } from './lib/step.ts';
import { spec as rotateToken } from './rotate-token/spec.ts';
import { spec as settleRollout } from './settle-rollout/spec.ts';
import { spec as smokeToolCalls } from './smoke-tool-calls/spec.ts';
import { spec as stageModel } from './stage-model/spec.ts';
import { spec as verifyTiktoken } from './verify-tiktoken/spec.ts';
import { spec as waitReady } from './wait-ready/spec.ts';

/** Every Task there is, in the Pipeline's order; the generator, the bundler, the tests and the docs read only this. */
export const specs: readonly StepSpec[] = [
  stageModel,
  verifyTiktoken,
  applyServing,
  waitReady,
  smokeToolCalls,
  rotateToken,
  settleRollout,
  checkRevision,
];
