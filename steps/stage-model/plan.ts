import { splitRanges } from '../lib/bucket/parts.ts';
import type { Findings } from './bucket/findings.ts';
import type { ModelFile } from './source/listing.ts';

/** A file and the key where it has to lie. */
export interface WantedFile extends ModelFile {
  readonly key: string;
  /** Bytes of a part; undefined when one request holds the file. */
  readonly partSize?: number;
  /** The bytes, for what comes from the image and not from the Hub. */
  readonly content?: Buffer;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A multipart upload that somebody began and nobody completed. */
export interface PendingParts {
  readonly uploadId: string;
  readonly parts: readonly PendingPart[];
}

interface PendingPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
  readonly checksum?: string;
}

/** What the bucket holds before we touch it. */
export interface BucketState {
  /** By key: what lies under the prefix and has the size we want. */
  readonly stored: ReadonlyMap<string, StoredObject>;
  /** By key. */
  readonly pending: ReadonlyMap<string, readonly PendingParts[]>;
  /** By path: the same bytes under another commit, as its manifest and the object's own metadata say. */
  readonly elsewhere: ReadonlyMap<string, StoredObject>;
}

export type Action = { readonly file: WantedFile; readonly why: string } & (
  | { readonly kind: 'skip' }
  | { readonly kind: 'prove' }
  /** With what a move would go on with, where the server copies nothing. */
  | { readonly kind: 'copy'; readonly from: StoredObject; readonly resume?: PendingParts }
  | { readonly kind: 'move'; readonly resume?: PendingParts }
);

/** The cheapest way for each file to lie there proven, the largest first. */
export function planActions(
  files: readonly WantedFile[],
  state: BucketState,
  readBack: 'auto' | 'always',
): Action[] {
  return files.map((file) => planFile(file, state, readBack)).sort((a, b) => b.file.size - a.file.size);
}

function planFile(file: WantedFile, state: BucketState, readBack: 'auto' | 'always'): Action {
  const stored = state.stored.get(file.key);
  if (stored) {
    const why = doubt(file, stored, readBack);
    return why === undefined
      ? { kind: 'skip', file, why: 'is there: size and hash agree' }
      : { kind: 'prove', file, why };
  }
  const from = state.elsewhere.get(file.path);
  const resume = bestUpload(file, state.pending.get(file.key) ?? []);
  if (from) return { kind: 'copy', file, from, ...(resume && { resume }), why: `same bytes as ${from.key}` };
  if (!resume) return { kind: 'move', file, why: 'is not there' };
  return { kind: 'move', file, resume, why: `goes on after ${count(resume.parts.length)}` };
}

function count(parts: number): string {
  return parts === 1 ? '1 part' : `${parts} parts`;
}

/** Why an object of the right size is not believed as it lies there. */
function doubt(file: WantedFile, stored: StoredObject, readBack: 'auto' | 'always'): string | undefined {
  if (!carriesDigest(stored, file)) return 'has the size, but not our hash in its metadata';
  return readBack === 'always' ? '--read-back=always' : undefined;
}

/** The plan without what this server cannot. */
export function adaptPlan(actions: readonly Action[], { copy, resume }: Findings): Action[] {
  return actions.map((action): Action => {
    const { file } = action;
    const begun = action.kind === 'copy' || action.kind === 'move' ? action.resume : undefined;
    if (action.kind === 'copy' && copy === false)
      return {
        kind: 'move',
        file,
        ...(begun && resume !== false && { resume: begun }),
        why: 'the server copies nothing',
      };
    if (action.kind === 'move' && begun && resume === false)
      return { kind: 'move', file, why: 'the server does not list parts' };
    return action;
  });
}

/** The one to go on with: some of its parts are there. */
export function bestUpload(file: WantedFile, uploads: readonly PendingParts[]): PendingParts | undefined {
  return fittingUploads(file, uploads).find(({ parts }) => parts.length > 0);
}

/**
 * The pending uploads all of whose parts fit this file, most parts first. One with another part is of another plan, or is
 * somebody else's: it may have been begun without a checksum, and would refuse ours.
 */
export function fittingUploads(file: WantedFile, uploads: readonly PendingParts[]): PendingParts[] {
  if (file.partSize === undefined) return [];
  return uploads
    .filter(({ parts }) => fittingParts(file, parts).length === parts.length)
    .sort((a, b) => b.parts.length - a.parts.length || (a.uploadId < b.uploadId ? -1 : 1));
}

/** Those that are as long as the part of this file with their number. */
export function fittingParts({ size, partSize }: WantedFile, parts: readonly PendingPart[]): PendingPart[] {
  if (partSize === undefined) return [];
  const ranges = splitRanges(size, partSize);
  return parts.filter((part) => {
    const range = ranges[part.partNumber - 1];
    return range !== undefined && range.end - range.start === part.size;
  });
}

/** The metadata that an object of ours carries; it is set only where the bytes were proven, or a note says that they are not. */
export function digestMetadata({ digest }: ModelFile): Readonly<Record<string, string>> {
  return { [digest.algorithm]: digest.hex };
}

export function carriesDigest(stored: StoredObject, { size, digest }: ModelFile): boolean {
  return stored.size === size && stored.metadata[digest.algorithm] === digest.hex;
}

/** Keys under the prefix that nobody wants there; a folder that a console made is none. */
export function leftovers(keys: readonly string[], files: readonly WantedFile[]): string[] {
  const wanted = new Set(files.map(({ key }) => key));
  return keys.filter((key) => !wanted.has(key) && !key.endsWith('/'));
}
