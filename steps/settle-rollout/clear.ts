import type { Cluster } from '../lib/cluster.ts';
import { asStepError } from '../lib/errors.ts';
import { selectorOf } from '../lib/label-selector.ts';
import type { Log } from '../lib/log.ts';
import type { RolloutRecord } from '../lib/serving/rollouts.ts';
import { type InferenceService, ownLabels, runtimeRef, type ServingRuntime } from '../lib/serving/service.ts';
import { runtimesToDelete } from './plan.ts';

interface Clearing {
  readonly cluster: Cluster;
  readonly live: InferenceService | undefined;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Deletes runtimes of ours that nothing needs any more. A promotion does not fail because tidying does. */
export async function clearRuntimes(
  {
    record,
    keep,
    namespace,
    service,
  }: { record: RolloutRecord; keep: number; namespace: string; service: string },
  { cluster, live, log, signal }: Clearing,
): Promise<void> {
  try {
    const query = {
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'ServingRuntime',
      namespace,
      labelSelector: selectorOf(ownLabels(service)),
    };
    const runtimes = await cluster.list<ServingRuntime>(query, signal);
    for (const name of runtimesToDelete(runtimes, record, live, keep)) {
      await cluster.delete(runtimeRef(namespace, name), { signal });
      log.info('deleted a runtime that is no longer needed', { runtime: name });
    }
  } catch (error) {
    signal.throwIfAborted();
    log.warn('could not clear old runtimes', { because: asStepError(error).message });
  }
}
