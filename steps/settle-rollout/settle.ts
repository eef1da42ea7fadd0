import { type Cluster, ClusterError } from '../lib/cluster.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { asStepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import { freeLock } from '../lib/serving/lock.ts';
import { defaultGraces } from '../lib/serving/problems.ts';
import { updateRecord } from '../lib/serving/record.ts';
import {
  promote,
  type Rollout,
  type RolloutRecord,
  withFailure,
  withoutCandidate,
} from '../lib/serving/rollouts.ts';
import type { InferenceService } from '../lib/serving/service.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import { clearRuntimes } from './clear.ts';
import { look } from './look.ts';
import { decideSettlement, type Settlement } from './plan.ts';
import { rollBack } from './roll-back.ts';
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
  let reachable = true;
  try {
    const situation = await look(params, context).catch((error: unknown) => {
      reachable = !isUnreachable(error);
      throw error;
    });
    const settlement = decideSettlement(situation);
    const state = await carryOut(settlement, params, { ...context, live: situation.live });
    return { state, outcome: state === 'released' ? 'unchanged' : 'ok' };
  } finally {
    // Waiting for the API server anew would only make this failure known later: the next run takes the lock of one that is over.
    if (reachable) await free(params, context);
    else context.log.warn('if this run has the lock, it is left to the next one');
  }
}

/** No answer came, for as long as a request of ours is tried again. */
function isUnreachable(error: unknown): boolean {
  return error instanceof ClusterError && error.failure === 'unavailable' && error.status === 0;
}

async function free(params: SettleParams, { cluster, namespace, log }: Settling): Promise<void> {
  const claim = { namespace, service: params.service, run: params.pipelineRun };
  // Without our signal: a stopped step still frees what it holds.
  const freed = await freeLock(cluster, claim).catch((error: unknown) => {
    log.warn('could not free the lock', { because: asStepError(error).message });
  });
  if (freed) log.info('lock freed');
}

type State = 'promoted' | 'rolled-back' | 'kept' | 'released';

async function carryOut(
  settlement: Settlement,
  params: SettleParams,
  context: Settling & { readonly live: InferenceService | undefined },
): Promise<State> {
  const { cluster, namespace, log, signal } = context;
  const place = { namespace, service: params.service };
  const record = (change: (before: RolloutRecord) => RolloutRecord) =>
    updateRecord(cluster, place, change, signal);
  switch (settlement.action) {
    case 'release':
      log.info('nothing to settle', { because: settlement.why });
      if (settlement.forget) await record(withoutCandidate);
      return 'released';
    case 'promote': {
      const after = await record((before) => promote(before, settlement.candidate));
      log.info('promoted', { ...pairIn(settlement.candidate), previous: after.previous?.path });
      await clearRuntimes({ record: after, keep: params.keep, ...place }, context);
      return 'promoted';
    }
    case 'keep':
      await record((before) => {
        const after = blame(before, settlement);
        return settlement.forget ? withoutCandidate(after) : after;
      });
      log.warn('kept as it is: there is nothing promoted to go back to', pairIn(settlement.candidate));
      return 'kept';
    case 'roll-back':
      if (settlement.candidate.run !== params.pipelineRun)
        log.warn('an earlier run left unproven what is live', {
          run: settlement.candidate.run,
          ...pairIn(settlement.candidate),
        });
      // The failure first, so that it is known even if the way back fails.
      await record((before) => blame(before, settlement));
      await rollBack(settlement.to, patienceOf(params), { ...context, service: params.service });
      await record(withoutCandidate);
      log.warn('rolled back', pairIn(settlement.to));
      return 'rolled-back';
    default:
      return settlement satisfies never;
  }
}

function blame(
  record: RolloutRecord,
  settlement: { readonly candidate: Rollout; readonly blame?: string },
): RolloutRecord {
  return settlement.blame === undefined
    ? record
    : withFailure(record, settlement.candidate, settlement.blame);
}

function patienceOf({ timeout, poll }: SettleParams) {
  return { timeoutMs: timeout, pollMs: poll, graces: defaultGraces };
}

function pairIn({ runtime, path }: Rollout) {
  return { runtime, path };
}
