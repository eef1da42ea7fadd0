import type { LockNames } from './lease.ts';

export type Concurrency = 'queue' | 'supersede' | 'fail';

/** The Lease as one run sees it. */
export interface LockSeen extends LockNames {
  /** Whether their PipelineRuns still run; false for our own. */
  readonly holderRuns: boolean;
  readonly wantedRuns: boolean;
  /** Whether we have written our own wish already. */
  readonly asked: boolean;
}

/**
 * What a run does about the lock. A lock is never torn from a run that lives: `supersede` asks for it, the holder's wait-ready sees the wish and
 * makes way, so that at every moment one run writes. Who asked and finds another's wish in its place is itself superseded.
 */
export function decideLock(
  { holder, wanted, holderRuns, wantedRuns, asked }: LockSeen,
  run: string,
  concurrency: Concurrency,
): 'ours' | 'take' | 'ask' | 'wait' | 'fail' | 'superseded' {
  if (holder === run) return 'ours';
  if (asked && wantedRuns) return 'superseded';
  if (!holderRuns && !wantedRuns) return 'take';
  if (concurrency === 'fail') return 'fail';
  return concurrency === 'supersede' && wanted !== run ? 'ask' : 'wait';
}
