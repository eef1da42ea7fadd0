import { BucketError } from '../../lib/bucket/error.ts';
import { isFull } from '../../lib/bucket/transient.ts';
import type { Action } from '../plan.ts';
import { formatBytes, type Totals } from './progress.ts';

/** Bytes, as they are planned before anything is moved. */
export interface Estimate {
  readonly toMove: number;
  /** Inside the bucket, where they take room as well. */
  readonly toCopy: number;
  /** Parts of pending uploads included. */
  readonly there: number;
}

export function estimateOf(actions: readonly Action[]): Estimate {
  return sumUp(actions.map(estimateAction));
}

export function sumUp(estimates: readonly Estimate[]): Estimate {
  return estimates.reduce(
    (sum, { toMove, toCopy, there }) => ({
      toMove: sum.toMove + toMove,
      toCopy: sum.toCopy + toCopy,
      there: sum.there + there,
    }),
    { toMove: 0, toCopy: 0, there: 0 },
  );
}

function estimateAction(action: Action): Estimate {
  const { size } = action.file;
  if (action.kind === 'copy') return { toMove: 0, toCopy: size, there: 0 };
  if (action.kind !== 'move') return { toMove: 0, toCopy: 0, there: size };
  const there = (action.resume?.parts ?? []).reduce((sum, part) => sum + part.size, 0);
  return { toMove: size - there, toCopy: 0, there };
}

/** For the log. */
export function describeEstimate({ toMove, toCopy, there }: Estimate): Record<string, string> {
  return { 'to-move': formatBytes(toMove), 'to-copy': formatBytes(toCopy), there: formatBytes(there) };
}

/** The error with what there was to store, when it says that there is no room for it; any other as it is. */
export function withEstimate(
  error: unknown,
  { toMove, toCopy, there }: Estimate,
  { moved }: Pick<Totals, 'moved'>,
): unknown {
  if (!(error instanceof BucketError) || !isFull(error)) return error;
  const needed = `needed: ${formatBytes(toMove)} to move and ${formatBytes(toCopy)} to copy, beside ${formatBytes(there)} that lay there; fetched by then: ${formatBytes(moved)}`;
  const { failure, message, evidence, hint, code, status } = error;
  return new BucketError(failure, message, {
    evidence: [...evidence, needed],
    hint,
    code,
    status,
    cause: error,
  });
}
