import type { Cluster } from '../lib/cluster.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { asStepError, StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import { proveAnswer } from '../lib/serving/answers.ts';
import { awaitRollout, type Patience } from '../lib/serving/await.ts';
import { withMode } from '../lib/serving/mode.ts';
import { withoutRenewal } from '../lib/serving/renewal.ts';
import type { Rollout } from '../lib/serving/rollouts.ts';
import { type InferenceService, runtimeRef } from '../lib/serving/service.ts';
import { applyService } from '../lib/serving/switch.ts';

export interface GoingBack {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly service: string;
  readonly live: InferenceService | undefined;
  readonly openEndpoint: () => Promise<Pick<Endpoint, 'url' | 'listModels' | 'chat'>>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Applies every field of what was promoted, waits for it as for any revision, and asks it for one answer. */
export async function rollBack(to: Rollout, patience: Patience, context: GoingBack): Promise<void> {
  const { runtime, path } = to;
  context.log.warn('going back to what was promoted', { runtime, path });
  try {
    await demandRuntime(to, context);
    await restore(to, patience, context);
  } catch (thrown) {
    const error = asStepError(thrown);
    if (error.failure === 'stopped') throw error;
    throw new StepError(
      error.failure,
      `THE WAY BACK FAILED, ${context.service} may be down: ${error.message}`,
      { evidence: [...error.evidence], hint: error.hint, cause: error },
    );
  }
}

async function restore(to: Rollout, patience: Patience, context: GoingBack): Promise<void> {
  const { cluster, namespace, service, live, log, clock, signal, openEndpoint } = context;
  const mode = live?.status?.deploymentMode;
  const wanted = withoutRenewal(mode ? withMode(to.service, mode) : to.service, live);
  // By force: our candidate was seen to be live, or an earlier try put this back, so nobody else has a claim.
  await applyService(cluster, wanted, { force: true, signal });
  const target = { service, namespace, runtime: to.runtime, path: to.path };
  await awaitRollout(target, { ...patience, makeWay: false }, { cluster, log, clock, signal });
  await proveAnswer(await openEndpoint(), to.servedName, { log, signal });
}

/** A runtime of ours that was deleted by hand cannot be gone back to, and switching to it would only end what still runs. */
async function demandRuntime(to: Rollout, { cluster, namespace, signal }: GoingBack): Promise<void> {
  if (to.run === '' || (await cluster.get(runtimeRef(namespace, to.runtime), signal))) return;
  throw new StepError('check', `the ServingRuntime ${to.runtime} is gone`, {
    evidence: [
      `promoted by PipelineRun ${to.run} with path ${to.path} (ConfigMap ${to.service.metadata.name}-rollout)`,
    ],
    hint: `start the Pipeline with revision=${to.revision || '<the promoted one>'}: it makes the runtime anew`,
  });
}
