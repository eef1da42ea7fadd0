import { forEachAtOnce } from '../../lib/at-once.ts';
import { combineCrc32 } from '../../lib/bucket/crc32.ts';
import type { Range } from '../../lib/bucket/parts.ts';
import type { WantedFile } from '../plan.ts';
import type { Transfer } from '../transfer.ts';

/** Shorter ranges would spend more time on asking than on bytes. */
const shortestPiece = 2 ** 20;

interface Fetched {
  /** Of the lent buffer. */
  readonly bytes: Buffer;
  /** In base64. */
  readonly crc32: string | undefined;
}

/**
 * Fetches [start, end) of a file into the buffer's beginning and gives that part of it. Where there are more connections
 * than buffers, several fill one buffer: more of them take no more memory.
 */
export async function fetchRange(
  buffer: Buffer,
  { file, start, end }: Range & { readonly file: WantedFile },
  { carrier, downloads, buffers, progress, signal }: Transfer,
): Promise<Fetched> {
  const bytes = buffer.subarray(0, end - start);
  const came = (more: number) => {
    downloads.came(more);
    progress.totals.moved += more;
    progress.advance(more);
  };
  const pieces = cut(bytes.length, Math.ceil(downloads.limit / fetchingAtOnce(buffers.count)));
  const checksums = new Map<Range, string>();
  await forEachAtOnce(
    pieces,
    pieces.length,
    (piece, signal) =>
      downloads.run(async () => {
        signal.throwIfAborted();
        const into = bytes.subarray(piece.start, piece.end);
        const range = { file, start: start + piece.start, into };
        checksums.set(piece, await carrier.fetch(range, signal, came));
      }),
    signal,
  );
  const checked = pieces.map((piece) => ({
    size: piece.end - piece.start,
    checksum: checksums.get(piece),
  }));
  return { bytes, crc32: combineCrc32(checked) };
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
