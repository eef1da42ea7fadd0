import type { Digest } from '../../lib/digest.ts';
import type { Hub } from '../../lib/hub.ts';

/** A file before anybody knows its hash. */
export interface FoundFile {
  readonly path: string;
  readonly size: number;
  /** What changes when somebody writes to the file while it is read, where the source is not fixed by a commit: its inode and time, or its ETag. */
  readonly version?: string;
}

/** A file of the repository that we can prove: the source gives its size and a hash of its bytes. */
export interface ModelFile extends FoundFile {
  readonly digest: Digest;
  /** The Hub's own scan, where it gives one. */
  readonly scan?: string;
}

/** All files of the commit, by path. */
export async function readListing(
  hub: Hub,
  model: string,
  commit: string,
  signal?: AbortSignal,
): Promise<ModelFile[]> {
  const files = await hub.listFiles(model, commit, signal);
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}
