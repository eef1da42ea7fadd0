import { present } from './present.ts';
import type { InferenceService, Pair } from './service.ts';

/** One state of a service that was, is or shall be live. */
export interface Rollout extends Pair {
  /** Of the InferenceService as we apply it; it names the runtime, whose name is a hash of its own spec. */
  readonly specHash: string;
  readonly manifestDigest: string;
  readonly model: string;
  readonly revision: string;
  readonly servedName: string;
  /** The PipelineRun that made it; empty for one that was there before us. */
  readonly run: string;
  /** The InferenceService as applied, so that going back applies every field and not only the pair. */
  readonly service: InferenceService;
}

/** Enough of a failed roll-out to know it again. */
export type FailedRollout = Omit<Rollout, 'service' | 'servedName'> & { readonly reason: string };

export interface RolloutRecord {
  readonly candidate?: Rollout;
  readonly promoted?: Rollout;
  readonly previous?: Rollout;
  /** Newest first. */
  readonly failed: readonly FailedRollout[];
}

export const emptyRecord: RolloutRecord = { failed: [] };

const failuresKept = 10;

/** Same spec and same bytes: a repaired vocabulary or one more flag makes it another attempt. */
export function sameRollout(
  a: Pick<Rollout, 'specHash' | 'manifestDigest'> | undefined,
  b: Pick<Rollout, 'specHash' | 'manifestDigest'> | undefined,
): boolean {
  return (
    a !== undefined && b !== undefined && a.specHash === b.specHash && a.manifestDigest === b.manifestDigest
  );
}

/** `adopted` is what ran before us; it counts only when nothing is known of the service yet, else it could be our own failed candidate. */
export function withCandidate(
  record: RolloutRecord,
  candidate: Rollout,
  adopted: Rollout | undefined,
): RolloutRecord {
  const first = !record.candidate && !record.promoted && record.failed.length === 0;
  return { ...record, ...(first && adopted && { promoted: adopted }), candidate };
}

export function withoutCandidate(record: RolloutRecord): RolloutRecord {
  return { ...present({ ...record, candidate: undefined }), failed: record.failed };
}

/** The candidate becomes promoted; what was promoted becomes previous, unless it is the same. */
export function promote(record: RolloutRecord, candidate: Rollout): RolloutRecord {
  const { promoted } = record;
  const previous = sameRollout(promoted, candidate) ? record.previous : promoted;
  return {
    promoted: candidate,
    ...(previous && { previous }),
    failed: record.failed.filter((failure) => !sameRollout(failure, candidate)),
  };
}

/** Remembers that a roll-out failed, so that the next event does not deploy it again. The candidate stays until the way back is done. */
export function withFailure(record: RolloutRecord, rollout: Rollout, reason: string): RolloutRecord {
  const { service: _, servedName: __, ...known } = rollout;
  const others = record.failed.filter((failure) => !sameRollout(failure, rollout));
  return { ...record, failed: [{ ...known, reason }, ...others].slice(0, failuresKept) };
}

export function failureOf(
  record: RolloutRecord,
  wanted: Pick<Rollout, 'specHash' | 'manifestDigest'>,
): FailedRollout | undefined {
  return record.failed.find((failure) => sameRollout(failure, wanted));
}
