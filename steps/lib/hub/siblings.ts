import type { ListFileEntry } from '@huggingface/hub';
import { isRecord } from '../json.ts';

/** The files of a revision as `?blobs=true` tells them, in the shape of a tree's entries: all but the Hub's scan is there. */
export function siblingsOf(revision: unknown, commit: string): ListFileEntry[] {
  const { sha, siblings } = isRecord(revision) ? revision : {};
  if (sha !== commit) throw new TypeError(`sha: ${JSON.stringify(sha)} for revision ${commit}`);
  if (!Array.isArray(siblings)) throw new TypeError('no list of files in the answer for the revision');
  return siblings.map(toEntry);
}

/** Whoever takes the entry checks it: what is missing becomes what no file has. */
function toEntry(sibling: unknown): ListFileEntry {
  const { rfilename: path, blobId, size, lfs } = isRecord(sibling) ? sibling : {};
  if (typeof path !== 'string') throw new TypeError('a file without a name in the answer for the revision');
  return {
    type: 'file',
    path,
    size: asNumber(size),
    oid: asText(blobId),
    ...(isRecord(lfs)
      ? { lfs: { oid: asText(lfs['sha256']), size: asNumber(lfs['size']), pointerSize: 0 } }
      : {}),
  };
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asNumber(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}
