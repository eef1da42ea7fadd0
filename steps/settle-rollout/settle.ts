import type { Cluster, KubeObject } from '../lib/cluster.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { asStepError, StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import { proveAnswer } from '../lib/serving/answers.ts';
import { awaitRollout } from '../lib/serving/await.ts';
import { freeLock, readLock } from '../lib/serving/lock.ts';
import { withMode } from '../lib/serving/mode.ts';
import { defaultGraces } from '../lib/serving/problems.ts';
import { readRecord, updateRecord } from '../lib/serving/record.ts';
import {
  emptyRecord,
  promote,
  type Rollout,
  withFailure,
  withoutCandidate,
} from '../lib/serving/rollouts.ts';
import { type InferenceService, runtimeRef, serviceRef } from '../lib/serving/service.ts';
import { applyService } from '../lib/serving/switch.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import { clearRuntimes } from './clear.ts';
import { decideSettlement, type Settlement, type Situation } from './plan.ts';
import type { spec } from './spec.ts';

type SettleParams = ParamsOf<typeof spec>;

export interface Settling {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly openEndpoint: () => Promise<Pick<Endpoint, 'url' | 'listModels' | 'chat'>>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Ends the roll-out of this run and frees the lock, also when the way back fails or is cut short. */
export async function settleRollout(
  params: SettleParams,
  context: Settling,
): Promise<ResultsOf<typeof spec>> {
  const { cluster, namespace, log } = context;
  try {
    const situation = await look(params, context);
    const settlement = decideSettlement(situation);
    const state = await carryOut(settlement, params, { ...context, live: situation.live });
    return { state, outcome: state === 'released' ? 'unchanged' : 'ok' };
  } finally {
    const lock = { namespace, service: params.service, run: params.pipelineRun };
    // Without our signal: a stopped step still frees what it holds.
    const freed = await freeLock(cluster, lock).catch((error: unknown) => {
      log.warn('could not free the lock', { because: asStepError(error).message });
    });
    if (freed) log.info('lock freed');
  }
}

type State = 'promoted' | 'rolled-back' | 'kept' | 'released';
type WithLive = Settling & { readonly live: InferenceService | undefined };

async function look(params: SettleParams, { cluster, namespace, signal }: Settling): Promise<Situation> {
  const { service, pipelineRun: run } = params;
  const place = { namespace, service };
  const [lock, record, live, cancelled] = await Promise.all([
    readLock(cluster, place, signal),
    readRecord(cluster, place, signal),
    cluster.get<InferenceService>(serviceRef(namespace, service), signal),
    wasCancelled(cluster, namespace, run, signal),
  ]);
  const { applyStatus: apply, waitStatus: wait, smokeStatus: smoke } = params;
  return { run, ...lock, apply, wait, smoke, cancelled, record: record ?? emptyRecord, live };
}

async function wasCancelled(cluster: Cluster, namespace: string, name: string, signal: AbortSignal) {
  interface PipelineRun extends KubeObject {
    readonly spec?: { readonly status?: string };
  }
  const run = await cluster.get<PipelineRun>(
    { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name, namespace },
    signal,
  );
  return /^(Cancelled|Stopped)/.test(run?.spec?.status ?? '');
}

async function carryOut(settlement: Settlement, params: SettleParams, context: WithLive): Promise<State> {
  const { cluster, namespace, log, signal } = context;
  const place = { namespace, service: params.service };
  switch (settlement.action) {
    case 'release':
      log.info('nothing to settle', { because: settlement.why });
      if (settlement.forget) await updateRecord(cluster, place, withoutCandidate, signal);
      return 'released';
    case 'promote': {
      const record = await updateRecord(
        cluster,
        place,
        (before) => promote(before, settlement.candidate),
        signal,
      );
      log.info('promoted', { ...nameOf(settlement.candidate), previous: record.previous?.path });
      await clearRuntimes({ record, keep: params.keep, ...place }, context);
      return 'promoted';
    }
    case 'keep':
      await remember(settlement, params, context);
      await updateRecord(cluster, place, withoutCandidate, signal);
      log.warn(
        'kept as it is: nothing was promoted before that it could go back to',
        nameOf(settlement.candidate),
      );
      return 'kept';
    case 'roll-back':
      await remember(settlement, params, context);
      await rollBack(settlement.to, params, context);
      await updateRecord(cluster, place, withoutCandidate, signal);
      log.warn('rolled back', nameOf(settlement.to));
      return 'rolled-back';
    default:
      return settlement satisfies never;
  }
}

/** Before the way back, so that it is known even if that fails. */
async function remember(
  { candidate, blame }: { readonly candidate: Rollout; readonly blame?: string },
  { service }: SettleParams,
  { cluster, namespace, signal }: Settling,
): Promise<void> {
  if (blame === undefined) return;
  await updateRecord(
    cluster,
    { namespace, service },
    (record) => withFailure(record, candidate, blame),
    signal,
  );
}

/** Applies every field of what was promoted, waits for it as for any revision, and asks it for one answer. */
async function rollBack(to: Rollout, params: SettleParams, context: WithLive): Promise<void> {
  const { cluster, namespace, live, log, clock, signal, openEndpoint } = context;
  const { service } = params;
  log.warn('going back to what was promoted', nameOf(to));
  try {
    await demandRuntime(to, context);
    const mode = live?.status?.deploymentMode;
    // By force: between the check that our candidate is live and now nobody else has a claim.
    await applyService(cluster, mode ? withMode(to.service, mode) : to.service, { force: true, signal });
    const patience = {
      timeoutMs: params.timeout,
      pollMs: params.poll,
      graces: defaultGraces,
      makeWay: false,
    };
    const target = { service, namespace, runtime: to.runtime, path: to.path };
    await awaitRollout(target, patience, { cluster, log, clock, signal });
    await proveAnswer(await openEndpoint(), to.servedName, { log, signal });
  } catch (thrown) {
    const error = asStepError(thrown);
    if (error.failure === 'stopped') throw error;
    throw new StepError(error.failure, `THE WAY BACK FAILED, ${service} may be down: ${error.message}`, {
      evidence: [...error.evidence],
      hint: error.hint,
      cause: error,
    });
  }
}

/** A runtime of ours that was deleted by hand cannot be gone back to, and switching to it would only end what still runs. */
async function demandRuntime(to: Rollout, { cluster, namespace, signal }: Settling): Promise<void> {
  if (to.run === '' || (await cluster.get(runtimeRef(namespace, to.runtime), signal))) return;
  throw new StepError('check', `the ServingRuntime ${to.runtime} is gone`, {
    evidence: [
      `promoted by PipelineRun ${to.run} with path ${to.path} (ConfigMap ${to.service.metadata.name}-rollout)`,
    ],
    hint: `start the Pipeline with revision=${to.revision || '<the promoted one>'}: it makes the runtime anew`,
  });
}

function nameOf({ runtime, path }: Rollout) {
  return { runtime, path };
}
