import { splitRanges } from '../../lib/bucket/parts.ts';

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

/** How far above a fair share whole files may lift a shard. What is cut costs one more read at commit. */
const tolerance = 1.05;

interface Heap {
  bytes: number;
  readonly files: string[];
  readonly spans: FileSpan[];
}

/**
 * Divides files among `count` shards, each file and each part to exactly one: the largest first, to the shard with the
 * least. A file that would lift that one above a fair share (all bytes over `count`) is cut, and fills what others lack
 * of theirs. It depends on nothing but its arguments.
 */
export function shareOut(loads: readonly Load[], count: number): Share[] {
  const heaps = Array.from({ length: count }, (): Heap => ({ bytes: 0, files: [], spans: [] }));
  const fair = loads.reduce((sum, { bytes }) => sum + bytes, 0) / count;
  for (const load of loads.toSorted((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1))) {
    const least = heaps.reduce((a, b) => (isLess(b, a) ? b : a));
    const pieces = least.bytes + load.bytes > fair * tolerance ? cut(load, fair, heaps) : [];
    // In one piece it is a file like any other, hashed on its way.
    if (pieces.length < 2) {
      least.files.push(load.path);
      least.bytes += load.bytes;
    }
    for (const { heap, bytes, first, last } of pieces.length < 2 ? [] : pieces) {
      heap.spans.push({ path: load.path, first, last });
      heap.bytes += bytes;
    }
  }
  return heaps.map(({ files, spans }) => ({ files, spans }));
}

function isLess(a: Heap, b: Heap): boolean {
  return a.bytes < b.bytes || (a.bytes === b.bytes && a.files.length < b.files.length);
}

interface Piece extends Span {
  readonly heap: Heap;
  readonly bytes: number;
}

/** The file's parts in a row, laid along what each shard lacks of a fair share, most first; a part goes where its middle lies. */
function cut({ bytes, partSize }: Load, fair: number, heaps: readonly Heap[]): Piece[] {
  if (partSize === undefined) return [];
  const open = heaps.filter((heap) => heap.bytes < fair).toSorted((a, b) => a.bytes - b.bytes);
  const pieces: Piece[] = [];
  let filled = fair - (open[0]?.bytes ?? 0);
  for (const [i, { start, end }] of splitRanges(bytes, partSize).entries()) {
    while (open.length > 1 && (start + end) / 2 >= filled) {
      open.shift();
      filled += fair - (open[0]?.bytes ?? 0);
    }
    const [heap] = open;
    const before = pieces.at(-1);
    if (before && before.heap === heap)
      pieces[pieces.length - 1] = { ...before, last: i + 1, bytes: before.bytes + end - start };
    else if (heap) pieces.push({ heap, first: i + 1, last: i + 1, bytes: end - start });
  }
  return pieces;
}

export function isWithin({ first, last }: Span, partNumber: number): boolean {
  return first <= partNumber && partNumber <= last;
}

/** `1/4` to `4/4`. */
export function shardNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i + 1}/${count}`);
}
