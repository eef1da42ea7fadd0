import { present } from '../lib/serving/present.ts';
import type { Rollout, RolloutRecord } from '../lib/serving/rollouts.ts';
import { isLive, sameRollout, unprovenIn } from '../lib/serving/rollouts.ts';
import { type InferenceService, pairOf, type ServingRuntime } from '../lib/serving/service.ts';

type Status = 'Succeeded' | 'Failed' | 'None';

/** What the end of a run finds. */
export interface Situation {
  readonly run: string;
  /** Who holds the lock, and who waits for it. */
  readonly holder?: string;
  readonly wanted?: string;
  readonly apply: Status;
  readonly wait: Status;
  /** What ended the wait was outside of the model: the API server, a node, what a person must change. */
  readonly waitEndedOutside: boolean;
  readonly smoke: Status;
  /** What ended the smoke test was no answer of the model. */
  readonly smokeEndedOutside: boolean;
  /** Somebody cancelled or stopped the run: its failed tasks say nothing about the revision. */
  readonly cancelled: boolean;
  readonly record: RolloutRecord;
  readonly live: InferenceService | undefined;
}

export type Settlement =
  | { readonly action: 'release'; readonly why: string; readonly forget: boolean }
  | { readonly action: 'promote'; readonly candidate: Rollout }
  | {
      readonly action: 'roll-back';
      readonly candidate: Rollout;
      readonly to: Rollout;
      readonly blame?: string;
    }
  | {
      readonly action: 'keep';
      readonly candidate: Rollout;
      /** Whether it is known otherwise: as promoted, or as failed. */
      readonly forget: boolean;
      readonly blame?: string;
    };

/** What to do about the roll-out. Whatever is live and no run of ours has tried is somebody else's business. */
export function decideSettlement(situation: Situation): Settlement {
  const { run, holder, record, live } = situation;
  if (holder !== run)
    return release(holder ? `the lock belongs to ${holder}` : 'this run never had the lock');
  if (!live) return release('the service is gone', record.candidate?.run === run);
  const unproven = unprovenIn(record, live);
  if (unproven?.run !== run) return decideOther(situation, live, unproven);
  if (situation.smoke === 'Succeeded') return { action: 'promote', candidate: unproven };
  return decideFailure(situation, unproven);
}

function decideFailure(situation: Situation, candidate: Rollout): Settlement {
  const { promoted } = situation.record;
  const blame = blameOf(situation);
  if (blame === undefined && situation.wanted !== undefined)
    return release(`made way for ${situation.wanted}`);
  // Going back from a spec to itself would only restart it, and what was proven once is not bad by itself.
  if (sameRollout(promoted, candidate)) return { action: 'keep', candidate, forget: true };
  const shared = { candidate, ...present({ blame }) };
  // One that nobody blames is not forgotten, so that the next run does not adopt it as proven.
  if (!promoted) return { action: 'keep', forget: blame !== undefined, ...shared };
  return { action: 'roll-back', to: promoted, ...shared };
}

function release(why: string, forget = false): Settlement {
  return { action: 'release', why, forget };
}

/** Nothing of this run is live. What another left there unproven is for us to end: we have the lock, so that run is over. */
function decideOther(situation: Situation, live: InferenceService, left: Rollout | undefined): Settlement {
  const { run, wanted, apply, record } = situation;
  const { candidate, promoted } = record;
  const proven = promoted && isLive(live, promoted) ? promoted : undefined;
  if (left && !proven && apply !== 'Succeeded') return decideLeft(left, promoted, wanted);
  if (candidate?.run !== run) return release('this run changed nothing');
  if (proven) return decideBack(situation, candidate, proven);
  return apply === 'Failed' ? neverApplied() : release(describeChange(live), true);
}

/** An earlier try has begun to go back, and blamed whom it had to; whether what is promoted answers by now nobody knows. */
function decideBack({ apply, smoke }: Situation, candidate: Rollout, promoted: Rollout): Settlement {
  const begun = apply === 'Succeeded' && smoke !== 'Succeeded';
  return begun ? { action: 'roll-back', candidate, to: promoted } : neverApplied();
}

function neverApplied(): Settlement {
  return release('the change was never applied', true);
}

function describeChange(live: InferenceService): string {
  const { runtime = 'none', path = 'none' } = pairOf(live) ?? {};
  return `somebody else changed the service: it now asks for runtime ${runtime} and path ${path}`;
}

/** Nobody has tested it to its end, so nobody blames it. Not forgotten where it stays, so that it is not adopted as proven. */
function decideLeft(left: Rollout, promoted: Rollout | undefined, wanted: string | undefined): Settlement {
  if (wanted !== undefined) return release(`made way for ${wanted}`);
  if (!promoted) return release(`nothing is promoted to go back to from what ${left.run} left unproven`);
  return { action: 'roll-back', candidate: left, to: promoted };
}

/** The task whose failure speaks against the revision. A failed apply does not: the API server or a lock was in its way. */
function blameOf(situation: Situation): string | undefined {
  const { wait, waitEndedOutside, smoke, smokeEndedOutside, cancelled } = situation;
  if (cancelled) return undefined;
  if (smoke === 'Failed' && !smokeEndedOutside) return 'smoke-tool-calls failed';
  return wait === 'Failed' && !waitEndedOutside ? 'wait-ready failed' : undefined;
}

/** Names of the runtimes that nothing can need any more; `keep` counts the promoted and the previous one. */
export function runtimesToDelete(
  runtimes: readonly ServingRuntime[],
  record: RolloutRecord,
  live: InferenceService | undefined,
  keep: number,
): string[] {
  const needed = new Set(
    [record.promoted, record.previous, record.candidate, pairOf(live)].map((each) => each?.runtime),
  );
  return runtimes
    .filter(({ metadata }) => !needed.has(metadata.name))
    .sort((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))
    .slice(Math.max(0, keep - 2))
    .map(({ metadata }) => metadata.name);
}
