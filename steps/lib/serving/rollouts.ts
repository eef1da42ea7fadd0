import { present } from './present.ts';
import { renewalIn } from './renewal.ts';
import { type InferenceService, type Pair, pairOf, samePair, specHashIn } from './service.ts';

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
  /** What an earlier run left live and unproven when the candidate was written: it stays live when the apply fails. */
  readonly displaced?: Rollout;
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

/** Same pair, same spec and same pods, so that a change of resources alone is told apart too, and one of the bytes under the path. */
export function isLive(live: InferenceService, rollout: Rollout): boolean {
  const { service } = rollout;
  const sameSpec = specHashIn(live) === specHashIn(service) && renewalIn(live) === renewalIn(service);
  return samePair(pairOf(live), rollout) && sameSpec;
}

/** What was tried and not proven, and is what the service asks for. */
export function unprovenIn(
  { candidate, displaced }: RolloutRecord,
  live: InferenceService | undefined,
): Rollout | undefined {
  return [candidate, displaced].find((tried) => tried && live && isLive(live, tried));
}

/** `adopted` is what ran before us; it counts only when nothing is known of the service yet, else it could be our own failed candidate. */
export function withCandidate(
  record: RolloutRecord,
  candidate: Rollout,
  {
    adopted,
    live,
  }: { readonly adopted?: Rollout | undefined; readonly live?: InferenceService | undefined } = {},
): RolloutRecord {
  const first = !record.candidate && !record.promoted && record.failed.length === 0;
  return {
    ...withoutCandidate(record),
    ...(first && adopted && { promoted: adopted }),
    ...present({ displaced: unprovenIn(record, live) }),
    candidate,
  };
}

export function withoutCandidate(record: RolloutRecord): RolloutRecord {
  return { ...present({ ...record, candidate: undefined, displaced: undefined }), failed: record.failed };
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
