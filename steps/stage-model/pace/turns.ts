import type { WantedFile } from '../plan.ts';

/** Whose turn it is when a buffer is free: the lowest goes first, equals in the order of asking. */
export type Turns = (file: WantedFile, start: number) => number;

/** Files one after the other, as they ask. */
export const inOrder: Turns = () => Number.NEGATIVE_INFINITY;

/**
 * Files that go in parts one after the other, the largest first, the last two of them side by side to their ends, when they are
 * nearly alike; then those that one request holds.
 */
export function lastTwoTogether(files: readonly WantedFile[]): Turns {
  const pair = new Set(pairOf(files.filter(({ partSize }) => partSize !== undefined)));
  return (file, start) => {
    if (file.partSize === undefined) return 0;
    return pair.has(file) ? start - file.size : inOrder(file, start);
  };
}

/** Of two that differ much the larger one is better completed while the other one moves. */
function pairOf(files: readonly WantedFile[]): readonly WantedFile[] {
  const last = files.slice(-2);
  const [smaller = 0, larger = Number.POSITIVE_INFINITY] = last.map(({ size }) => size).sort((a, b) => a - b);
  return larger <= 2 * smaller ? last : [];
}
