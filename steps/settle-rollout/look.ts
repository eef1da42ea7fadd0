import type { Cluster } from '../lib/cluster.ts';
import { asStepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { readLock } from '../lib/serving/lock.ts';
import {
  isBlameless,
  readFailures,
  type TaskFailure,
  wasCutShort,
  wasStopped,
} from '../lib/serving/pipeline-runs.ts';
import { readRecord } from '../lib/serving/record.ts';
import { emptyRecord } from '../lib/serving/rollouts.ts';
import { type InferenceService, serviceRef } from '../lib/serving/service.ts';
import type { ParamsOf } from '../lib/step.ts';
import type { Situation } from './plan.ts';
import type { spec } from './spec.ts';

interface Looking {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Reads all that the end of a run is decided by. */
export async function look(params: ParamsOf<typeof spec>, context: Looking): Promise<Situation> {
  const { cluster, namespace, signal } = context;
  const { service, pipelineRun: run } = params;
  const place = { namespace, service };
  const [lock, record, live, cancelled] = await Promise.all([
    readLock(cluster, place, signal),
    readRecord(cluster, place, signal),
    cluster.get<InferenceService>(serviceRef(namespace, service), signal),
    wasStopped(cluster, namespace, run, signal),
  ]);
  const { applyStatus: apply, waitStatus: wait, smokeStatus: smoke } = params;
  const waitEndedOutside = wait === 'Failed' && (await endedOutside(run, 'wait-ready', context));
  const smokeEndedOutside = smoke === 'Failed' && (await endedOutside(run, 'smoke-tool-calls', context));
  return {
    run,
    ...lock,
    apply,
    wait,
    waitEndedOutside,
    smoke,
    smokeEndedOutside,
    cancelled,
    record: record ?? emptyRecord,
    live,
  };
}

const outsideOf = {
  'wait-ready': ({ outcome }: TaskFailure) => isBlameless(outcome),
  'smoke-tool-calls': wasCutShort,
};

/** Where nobody can say, the revision is held to be what failed. */
async function endedOutside(
  run: string,
  task: keyof typeof outsideOf,
  { cluster, namespace, log, signal }: Looking,
): Promise<boolean> {
  try {
    const failures = await readFailures(cluster, { namespace, run, task }, signal);
    return failures.length > 0 && failures.every(outsideOf[task]);
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`cannot see why ${task} failed`, { because: asStepError(error).message });
    return false;
  }
}
