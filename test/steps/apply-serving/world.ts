import { expect } from 'vitest';
import { applyServing } from '../../../steps/apply-serving/apply.ts';
import { StepError } from '../../../steps/lib/errors.ts';
import { updateRecord } from '../../../steps/lib/serving/record.ts';
import { promote } from '../../../steps/lib/serving/rollouts.ts';
import type { InferenceService } from '../../../steps/lib/serving/service.ts';
import type { MemoryCluster } from '../lib/serving/memory-cluster.ts';
import { clusterWithKserve } from '../lib/serving/mini-kserve.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { listeningLog, virtualClock } from '../lib/serving/time.ts';
import { paramsOf } from './params.ts';

/** A cluster with KServe, and with the data connection of the defaults. */
export function worldWithStorage() {
  const { cluster, kserve } = clusterWithKserve();
  const entry = {
    type: 's3',
    access_key_id: 'a',
    secret_access_key: 's',
    endpoint_url: 'https://s3',
    bucket: 'models',
  };
  const data = { 'aws-connection-model-storage': Buffer.from(JSON.stringify(entry)).toString('base64') };
  cluster.put({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'storage-config', namespace }, data });
  return { cluster, kserve };
}

/** One run of the step; `onSleep` lets the world go on while it waits. */
export function run(
  cluster: MemoryCluster,
  flags: Readonly<Record<string, string>> = {},
  onSleep?: () => void,
) {
  const { log, lines } = listeningLog();
  const signal = new AbortController().signal;
  const clock = virtualClock(onSleep);
  const done = applyServing(paramsOf(flags), { cluster, namespace, log, clock, signal });
  return { done, lines };
}

export async function thrownBy(promise: Promise<unknown>): Promise<StepError> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StepError);
  return error as StepError;
}

/** As settle-rollout leaves it after a good smoke test. */
export async function promoteCandidate(cluster: MemoryCluster): Promise<void> {
  await updateRecord(cluster, { namespace, service }, (record) =>
    record.candidate ? promote(record, record.candidate) : record,
  );
  const lease = cluster.peek('Lease', `${service}-rollout`);
  if (lease) cluster.put({ ...lease, spec: {} });
}

export function liveOf(cluster: MemoryCluster): InferenceService | undefined {
  return cluster.peek('InferenceService', service);
}
