import { type BigIntStats, constants, type Dirent } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isCommit } from '../../lib/digest.ts';
import { explain, isSystemError, unreadable, versionOf } from './folder-source.ts';
import type { FoundFile } from './listing.ts';

export interface FolderFile extends FoundFile {
  readonly version: string;
  /** Name of the blob that the file is a link to, in the Hub's own cache: the file's hash. */
  readonly blob?: string;
}

/** What no repository has: git's own, the notes of `hf download`, what the file system keeps at its root. */
const notOfTheModel = new Set(['.git', '.cache/huggingface', 'lost+found']);

/** What lies below a folder, by path. */
export interface Walk {
  readonly files: FolderFile[];
  readonly unfit: Unfit[];
}

/** What is no file to stage, and why: `is a pipe`. */
export interface Unfit {
  readonly path: string;
  readonly problem: string;
}

/**
 * Everything below the folder. Links to files are followed as far as the folder itself, or the blobs of the Hub's cache
 * when the folder is a snapshot of it: a link to anywhere else would carry what the pod can read, its Secrets for one,
 * into the bucket. All that may not be read is said at once.
 */
export async function walkFolder(
  root: string,
  blobs?: string,
  list: (folder: string) => Promise<Dirent[]> = (folder) => readdir(folder, { withFileTypes: true }),
): Promise<Walk> {
  const files: FolderFile[] = [];
  const unfit: Unfit[] = [];
  const closed: Closed[] = [];
  const folders = [''];
  for (const folder of folders) {
    const named = folder === '' ? root : folder;
    for (const entry of (await unlessClosed(named, root, closed, () => list(join(root, folder)))) ?? []) {
      const path = folder + entry.name;
      if (notOfTheModel.has(path)) continue;
      if (entry.isDirectory()) {
        folders.push(`${path}/`);
        continue;
      }
      const isLink = entry.isSymbolicLink();
      const seen = await unlessClosed(path, root, closed, () => look({ root, path, blobs, isLink }));
      if (seen && 'version' in seen) files.push(seen);
      else if (seen) unfit.push(seen);
    }
  }
  demandOpen(closed, root);
  return { files: files.sort(byPath), unfit: unfit.sort(byPath) };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : 1;
}

/** Where the blobs are that the links of this folder lead to, when it is a snapshot in the Hub's cache: `snapshots/<commit>` beside `blobs`. */
export function blobsOf(root: string): string | undefined {
  const isSnapshot = isCommit(basename(root)) && basename(dirname(root)) === 'snapshots';
  return isSnapshot ? join(dirname(dirname(root)), 'blobs') : undefined;
}

interface Closed {
  readonly path: string;
  readonly seen: string;
}

/** Notes what may not be read, to be said together with the rest; any other failure ends the walk. */
async function unlessClosed<T>(
  path: string,
  root: string,
  closed: Closed[],
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code !== 'EACCES' && error.code !== 'EPERM') throw explain(error, path, `file://${root}`);
    closed.push({ path, seen: error.message });
    return undefined;
  }
}

type Seen = FolderFile | Unfit;

interface Place {
  readonly root: string;
  readonly path: string;
  readonly blobs: string | undefined;
  readonly isLink: boolean;
}

const nowhere = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

async function look({ root, path, blobs, isLink }: Place): Promise<Seen> {
  if (path.includes('\uFFFD')) return { path, problem: 'has a name that is not UTF-8' };
  try {
    const real = await realpath(join(root, path));
    const isBlob = blobs !== undefined && dirname(real) === blobs;
    // Of a plain file too: the folder it was found in may have become a link since that was listed.
    if (!isBlob && !real.startsWith(`${root}/`))
      return { path, problem: `is a link to ${JSON.stringify(real)}, outside of the folder` };
    const stats = await stat(real, { bigint: true });
    if (!stats.isFile()) return { path, problem: `is ${kindOf(stats)}` };
    await access(real, constants.R_OK);
    const blob = isBlob ? { blob: basename(real) } : {};
    return { path, size: Number(stats.size), version: versionOf(stats), ...blob };
  } catch (error) {
    const isDangling = isLink && isSystemError(error) && nowhere.has(error.code);
    if (!isDangling) throw error;
    return { path, problem: 'is a link to nothing' };
  }
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a link to a folder';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

function demandOpen(closed: readonly Closed[], root: string): void {
  if (closed.length === 0) return;
  throw unreadable(
    closed.map(({ path }) => path),
    closed.slice(0, 10).map(({ seen }) => seen),
    `file://${root}`,
  );
}
