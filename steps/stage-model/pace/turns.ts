import type { WantedFile } from '../plan.ts';

/** Whose turn it is when a buffer is free: the lowest goes first, equals in the order of asking. */
export type Turns = (file: WantedFile, start: number) => number;

/** Files one after the other, as they ask. */
export const inOrder: Turns = () => Number.NEGATIVE_INFINITY;

/**
 * The same, but the last two that go in parts come to their ends together. A server that copies the parts to complete an
 * upload takes one core for a file; a single one left would be completed while the others have nothing to do.
 */
export function lastTwoTogether(files: readonly WantedFile[]): Turns {
  const last = new Set(files.filter(({ partSize }) => partSize !== undefined).slice(-2));
  return (file, start) => (last.has(file) ? start - file.size : inOrder(file, start));
}
