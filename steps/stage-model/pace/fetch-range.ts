import type { Range, WantedFile } from '../plan.ts';
import { forEachAtOnce } from './pool.ts';
import type { Transfer } from '../transfer.ts';

/** Shorter ranges would spend more time on asking than on bytes. */
const shortestPiece = 2 ** 20;

/**
 * Fetches [start, end) of a file into the buffer's beginning and gives that part of it. Where there are more connections
 * than buffers, several fill one buffer: more of them take no more memory.
 */
export async function fetchRange(
  buffer: Buffer,
  { file, start, end }: Range & { readonly file: WantedFile },
  { carrier, downloads, buffers, progress, signal }: Transfer,
): Promise<Buffer> {
  const bytes = buffer.subarray(0, end - start);
  const came = (more: number) => {
    downloads.came(more);
    progress.totals.moved += more;
    progress.advance(more);
  };
  const pieces = cut(bytes.length, Math.ceil(downloads.limit / fetchingAtOnce(buffers.count)));
  await forEachAtOnce(
    pieces,
    pieces.length,
    (piece, signal) =>
      downloads.run(() => {
        signal.throwIfAborted();
        const into = bytes.subarray(piece.start, piece.end);
        return carrier.fetch({ file, start: start + piece.start, into }, signal, came);
      }),
    signal,
  );
  return bytes;
}

/** The other buffers are being uploaded or hashed meanwhile. */
function fetchingAtOnce(buffers: number): number {
  return Math.max(1, Math.floor((buffers * 2) / 3));
}

/** [0, length) in at most `count` pieces of nearly one size, in whole pages of memory. */
export function cut(length: number, count: number): Range[] {
  const most = Math.max(1, Math.min(count, Math.floor(length / shortestPiece)));
  const size = Math.max(1, Math.ceil(length / most / 4096) * 4096);
  return Array.from({ length: Math.max(1, Math.ceil(length / size)) }, (_, i) => ({
    start: i * size,
    end: Math.min(length, (i + 1) * size),
  }));
}
