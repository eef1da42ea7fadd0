import type { Cluster } from '../lib/cluster.ts';
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

/**
 * Ends the roll-out of this run and frees the lock. When that fails or is cut short the lock stays, so that Tekton's next
 * try goes on where this one ended; after the last one it falls to the next run, as that of any run that is over.
 */
export async function settleRollout(
  params: SettleParams,
  context: Settling,
): Promise<ResultsOf<typeof spec>> {
  const situation = await look(params, context);
  const state = await carryOut(decideSettlement(situation), params, { ...context, live: situation.live });
  await free(params, context);
  return { state, outcome: state === 'released' ? 'unchanged' : 'ok' };
}

async function free(params: SettleParams, { cluster, namespace, log }: Settling): Promise<void> {
  const claim = { namespace, service: params.service, run: params.pipelineRun };
  // Without our signal: what is settled is not tried again because of a stop at the very end.
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
    case 'keep': {
      const { promoted } = await record((before) => {
        const after = blame(before, settlement);
        return settlement.forget ? withoutCandidate(after) : after;
      });
      const because = promoted
        ? 'it is what is promoted, and going back would only restart it'
        : 'there is nothing promoted to go back to';
      log.warn(`kept as it is: ${because}`, pairIn(settlement.candidate));
      return 'kept';
    }
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
