import type { Digest } from '../../lib/digest.ts';
import { StepError } from '../../lib/errors.ts';
import type { Hub, HubFile } from '../../lib/hub.ts';
import { shellWord } from '../../lib/shell-word.ts';

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
  return files
    .map((file) => toModelFile(file, hub, `${model}@${commit}`))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function toModelFile(file: HubFile, hub: Hub, where: string): ModelFile {
  const { path, size, scan } = file;
  const digest = listedDigest(file);
  if (!digest || !Number.isSafeInteger(size) || size < 0) {
    throw new StepError('check', `the Hub gives no hash or no size for ${path}`, {
      evidence: [
        `size ${size}, sha256 ${file.sha256 ?? 'none'}, git ${file.gitSha1 ?? 'none'} (${hub.endpoint}, ${where})`,
      ],
      hint: `leave the file out: --ignore=${shellWord(path)}`,
    });
  }
  return { path, size, digest, ...(scan === undefined ? {} : { scan }) };
}

function listedDigest({ sha256, gitSha1 }: HubFile): Digest | undefined {
  if (sha256 !== undefined) {
    return /^[0-9a-f]{64}$/.test(sha256) ? { algorithm: 'sha256', hex: sha256 } : undefined;
  }
  return gitSha1 !== undefined && /^[0-9a-f]{40}$/.test(gitSha1)
    ? { algorithm: 'git-sha1', hex: gitSha1 }
    : undefined;
}
