import { splitRanges } from './plan.ts';

/** What one shard sees to: whole files, and spans of files that several shards move together. */
export interface Share {
  /** Paths, the largest first. */
  readonly files: readonly string[];
  readonly spans: readonly FileSpan[];
}

/** Parts of one file in a row: numbers from 1, both included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

interface FileSpan extends Span {
  readonly path: string;
}

export interface Load {
  readonly path: string;
  /** What there is to do about it; nothing for a file that lies there. */
  readonly bytes: number;
  /** Where it can be cut; undefined when one shard has to see to all of it. */
  readonly partSize?: number;
}

/**
 * Divides files among `count` shards, each file and each part to exactly one: what is above a fair share (all bytes over
 * `count`) is cut into spans, everything else goes, the largest first, to the shard with the least. It depends on nothing
 * but its arguments.
 */
export function shareOut(loads: readonly Load[], count: number): Share[] {
  const shares = Array.from({ length: count }, () => ({
    bytes: 0,
    files: [] as string[],
    spans: [] as FileSpan[],
  }));
  const fair = loads.reduce((sum, { bytes }) => sum + bytes, 0) / count;
  const sorted = loads.toSorted((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
  const cut = cutLarge(sorted, fair, count);
  for (const [path, pieces] of cut) {
    for (const { shard, bytes, ...span } of pieces) {
      shares[shard]?.spans.push({ path, ...span });
      add(shares[shard], bytes);
    }
  }
  for (const { path, bytes } of sorted.filter((load) => !cut.has(load.path))) {
    const least = shares.reduce((a, b) =>
      b.bytes < a.bytes || (b.bytes === a.bytes && b.files.length < a.files.length) ? b : a,
    );
    least.files.push(path);
    add(least, bytes);
  }
  return shares.map(({ files, spans }) => ({ files, spans }));
}

export function isWithin({ first, last }: Span, partNumber: number): boolean {
  return first <= partNumber && partNumber <= last;
}

/** `1/4` to `4/4`. */
export function shardNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i + 1}/${count}`);
}

interface Piece extends Span {
  readonly shard: number;
  readonly bytes: number;
}

/** The files above a fair share laid end to end, and cut where a fair share ends, at the nearest part. */
function cutLarge(loads: readonly Load[], fair: number, count: number): Map<string, Piece[]> {
  const cut = new Map<string, Piece[]>();
  let laid = 0;
  for (const { path, bytes, partSize } of loads) {
    if (partSize === undefined || bytes <= fair) continue;
    const pieces: Piece[] = [];
    for (const [i, { start, end }] of splitRanges(bytes, partSize).entries()) {
      const shard = Math.min(count - 1, Math.floor((laid + (start + end) / 2) / fair));
      const before = pieces.at(-1);
      if (before?.shard === shard)
        pieces[pieces.length - 1] = { ...before, last: i + 1, bytes: before.bytes + end - start };
      else pieces.push({ shard, first: i + 1, last: i + 1, bytes: end - start });
    }
    // In one piece it is a file like any other, hashed on its way.
    if (pieces.length < 2) continue;
    cut.set(path, pieces);
    laid += bytes;
  }
  return cut;
}

function add(share: { bytes: number } | undefined, bytes: number): void {
  if (share) share.bytes += bytes;
}
