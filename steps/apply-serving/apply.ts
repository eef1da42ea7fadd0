import type { Cluster } from '../lib/cluster.ts';
import { StepError, wrongInputs } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import { freeLock, type LockClaim, takeLock } from '../lib/serving/lock.ts';
import { isYounger } from '../lib/serving/pipeline-runs.ts';
import { readRecord, updateRecord } from '../lib/serving/record.ts';
import { type Rollout, withCandidate } from '../lib/serving/rollouts.ts';
import { pairOf, samePair } from '../lib/serving/service.ts';
import { applyService } from '../lib/serving/switch.ts';
import type { ResultsOf } from '../lib/step.ts';
import { adopt } from './adopt.ts';
import { checkParams } from './check-params.ts';
import { formatChange } from './diff.ts';
import { type Plan, prepare } from './prepare.ts';
import type { ApplyParams } from './render.ts';
import { ensureRuntime } from './runtime.ts';
import type { spec } from './spec.ts';
import { awaitStorageKey } from './storage-config.ts';

export interface Applying {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Results = ResultsOf<typeof spec>;

/** Switches the service to the staged revision, remembers what it was, and touches nothing when nothing differs. */
export async function applyServing(params: ApplyParams, context: Applying): Promise<Results> {
  refuseWrongParams(params);
  const { cluster, namespace, log, clock, signal } = context;
  const first = await prepare(params, context);
  tell(first, log);
  if (params.dryRun) log.info('dry run: nothing was written');
  if (params.dryRun || first.decision === 'unchanged') return finish(first.wanted, 'unchanged');

  const waiting = { log, clock, signal, pollMs: params.poll };
  if (params.storageConfig === 'wait') {
    const timeoutMs = params.storageTimeout;
    await awaitStorageKey(cluster, { namespace, key: params.storageKey }, { ...waiting, timeoutMs });
  }
  const claim = { namespace, service: params.service, run: params.pipelineRun };
  const { concurrency, lockTimeout: timeoutMs } = params;
  if ((await takeLock(cluster, claim, { ...waiting, concurrency, timeoutMs })) === 'superseded') {
    log.info('a newer roll-out takes the place of this one');
    return finish(first.wanted, 'superseded');
  }
  const outrunBy = await findOutrunner(cluster, claim, signal);
  if (outrunBy !== undefined) {
    await freeLock(cluster, claim, signal);
    log.info('a roll-out that began later is promoted already; this one would go back', { run: outrunBy });
    return finish(first.wanted, 'superseded');
  }
  // Whoever held the lock before us may have changed everything.
  const plan = await prepare(params, context);
  if (plan.decision === 'unchanged') await freeLock(cluster, claim, signal);
  else await carryOut(plan, params, context);
  return finish(plan.wanted, plan.decision === 'unchanged' ? 'unchanged' : 'ok');
}

/** The run that began after this one and was promoted while this one staged or waited: whoever began last decides what runs. */
async function findOutrunner(
  cluster: Cluster,
  { namespace, service, run }: LockClaim,
  signal: AbortSignal,
): Promise<string | undefined> {
  const promoted = (await readRecord(cluster, { namespace, service }, signal))?.promoted?.run;
  if (promoted === undefined || promoted === '' || promoted === run) return undefined;
  return (await isYounger(cluster, namespace, [promoted, run], signal)) ? promoted : undefined;
}

/** The candidate is remembered first: a run that dies in between leaves a trace of what it was about to do. */
async function carryOut(
  { live, runtime, wanted }: Plan,
  { service, forceConflicts }: ApplyParams,
  { cluster, namespace, log, signal }: Applying,
): Promise<void> {
  const adopted = adopt(live);
  await updateRecord(
    cluster,
    { namespace, service },
    (record) => withCandidate(record, wanted, { adopted, live }),
    signal,
  );
  await ensureRuntime(cluster, runtime, { signal });
  const applied = await applyService(cluster, wanted.service, { force: forceConflicts, signal });
  const { generation } = applied.metadata;
  log.info('applied', { service, runtime: wanted.runtime, path: wanted.path, generation });
  if (samePair(pairOf(applied), wanted)) return;
  throw new StepError('check', 'the API server took the change and made something else of it', {
    evidence: [
      `${JSON.stringify(pairOf(applied))}, asked for runtime ${wanted.runtime} and path ${wanted.path} (answer to the apply)`,
    ],
    hint: 'oc get mutatingwebhookconfigurations   (one of them rewrites InferenceServices)',
  });
}

function tell({ changes, decision, missing, wanted }: Plan, log: Log): void {
  const { runtime, path, specHash } = wanted;
  const event = decision === 'unchanged' ? 'already rolled out' : 'to apply';
  log.info(event, { runtime, path, 'spec-hash': specHash });
  if (missing && changes.length === 0)
    log.info(`  the ServingRuntime ${runtime} is gone and has to be made anew`);
  for (const change of changes) log.info(`  ${formatChange(change)}`);
}

function finish({ runtime, path, specHash, servedName }: Rollout, outcome: Results['outcome']): Results {
  return { runtime, path, specHash, servedName, outcome };
}

function refuseWrongParams(params: ApplyParams): void {
  const problems = checkParams(params);
  if (problems.length > 0) throw wrongInputs('apply-serving', problems);
}
