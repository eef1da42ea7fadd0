import { createHash } from 'node:crypto';

export interface RepoFile {
  readonly size: number;
  /** Git's name for the blob: of the bytes, or of the LFS pointer when `sha256` is set. */
  readonly gitSha1: string;
  /** Set for a file in LFS: its bytes come from the CDN. */
  readonly sha256?: string;
  /** What the Hub's scan says; `safe` unless given. */
  readonly scan?: string;
  /** The bytes [start, end), made on demand so that gigabytes need no memory. */
  read(start: number, end: number): Buffer;
}

export interface Revision {
  readonly commit: string;
  readonly files: ReadonlyMap<string, RepoFile>;
}

export interface Repo {
  /** `<organisation>/<model>` */
  readonly id: string;
  /** Branches and tags, `refs/pr/1` included; a test moves `main` by setting it. */
  readonly refs: Map<string, string>;
  /** By commit. */
  readonly revisions: Map<string, Revision>;
  readonly license?: string;
  readonly gated?: 'auto' | 'manual';
  readonly private?: boolean;
  /** Names it had before; asking for one redirects. */
  readonly formerly?: readonly string[];
}

type Files = Readonly<Record<string, string | Buffer | RepoFile>>;

interface RepoOptions extends Omit<Repo, 'refs' | 'revisions'> {
  readonly files: Files;
}

/** A repository with one revision, which `main` points at. Texts are kept in git, Buffers in LFS. */
export function createRepo({ files, ...about }: RepoOptions): Repo & { readonly commit: string } {
  const revision = createRevision(files);
  return {
    ...about,
    commit: revision.commit,
    refs: new Map([['main', revision.commit]]),
    revisions: new Map([[revision.commit, revision]]),
  };
}

/** Adds a revision and lets `main` point at it; gives its commit. */
export function publish(repo: Repo, revision: Revision): string {
  repo.revisions.set(revision.commit, revision);
  repo.refs.set('main', revision.commit);
  return revision.commit;
}

/** The commit's name comes from the files, so that the same files always give the same commit. */
export function createRevision(files: Files): Revision {
  const entries = Object.entries(files).map(([path, content]) => [path, toFile(content)] as const);
  const listing = entries.map(([path, file]) => `${file.gitSha1} ${path}`).sort();
  const commit = createHash('sha1').update(listing.join('\n')).digest('hex');
  return { commit, files: new Map(entries) };
}

function toFile(content: string | Buffer | RepoFile): RepoFile {
  if (typeof content === 'string') return gitFile(Buffer.from(content));
  return Buffer.isBuffer(content) ? lfsFile(content) : content;
}

function gitFile(bytes: Buffer): RepoFile {
  const read = (start: number, end: number) => bytes.subarray(start, end);
  return { size: bytes.length, gitSha1: gitSha1(bytes), read };
}

function lfsFile(bytes: Buffer): RepoFile {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...pointedAt(sha256, bytes.length), read: (start, end) => bytes.subarray(start, end) };
}

/** What git itself holds of a file in LFS. */
export function pointedAt(sha256: string, size: number): Pick<RepoFile, 'size' | 'sha256' | 'gitSha1'> {
  return { size, sha256, gitSha1: gitSha1(Buffer.from(pointerOf(sha256, size))) };
}

export function pointerOf(sha256: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
}

function gitSha1(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
