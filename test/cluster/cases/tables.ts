import { applyServing } from './apply-serving.ts';
import type { TaskTable } from './case.ts';
import { checkRevision } from './check-revision.ts';
import { rotateToken } from './rotate-token.ts';
import { settleRollout } from './settle-rollout.ts';
import { smokeToolCalls } from './smoke-tool-calls.ts';
import { stageModel } from './stage-model.ts';
import { verifyTiktoken } from './verify-tiktoken.ts';
import { waitReady } from './wait-ready.ts';

/** Every Task's table. */
export const tables: readonly TaskTable[] = [
  verifyTiktoken,
  stageModel,
  checkRevision,
  applyServing,
  settleRollout,
  smokeToolCalls,
  waitReady,
  rotateToken,
];
