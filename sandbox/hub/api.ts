import type { Repo, RepoFile, Revision } from './repo.ts';
import { pointerOf } from './repo.ts';

/** An answer in JSON of the Hub's API. */
export interface ApiAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Fields that `expand=` may ask for, of those that the real one knows. */
const fields: Record<string, (repo: Repo, revision: Revision) => unknown> = {
  sha: (_, revision) => revision.commit,
  private: (repo) => repo.private ?? false,
  gated: (repo) => repo.gated ?? false,
  pipeline_tag: () => 'text-generation',
  downloads: () => 0,
  likes: () => 0,
  lastModified: () => '2025-08-26T17:25:47.000Z',
  cardData: (repo) => (repo.license === undefined ? {} : { license: repo.license }),
  tags: (repo) => (repo.license === undefined ? [] : [`license:${repo.license}`]),
  siblings: (_, revision) => [...revision.files.keys()].map((rfilename) => ({ rfilename })),
};

/** `GET /api/models/{id}[/revision/{revision}]`; undefined when it is asked for something that the sandbox does not have. */
export function describeModel(repo: Repo, revision: Revision, query: URLSearchParams): ApiAnswer | undefined {
  const expand = query.getAll('expand');
  if ([...query.keys()].some((key) => key !== 'expand')) return undefined;
  if (expand.some((name) => fields[name] === undefined)) return undefined;
  const names = expand.length > 0 ? expand : Object.keys(fields);
  const asked = Object.fromEntries(names.map((name) => [name, fields[name]?.(repo, revision)]));
  return json({ _id: '6890d6bbab4b1d2d6d7b1f6c', id: repo.id, ...asked });
}

interface TreeOptions {
  readonly base: string;
  /** Entries of a page, when not as many as the real one gives. */
  readonly pageSize: number | undefined;
}

/** The real one gives fewer where each file comes with its last commit and its scan. */
const pageSizes = { plain: 1000, expanded: 50 };

/** `GET /api/models/{id}/tree/{revision}`: a page of it, with the next one in Link. */
export function listTree(
  revision: Revision,
  url: URL,
  { base, pageSize }: TreeOptions,
): ApiAnswer | undefined {
  const known = new Set(['recursive', 'expand', 'limit', 'cursor']);
  if ([...url.searchParams.keys()].some((key) => !known.has(key))) return undefined;
  const recursive = url.searchParams.get('recursive') === 'true';
  const expand = url.searchParams.get('expand') === 'true';
  const entries = [...foldersOf(revision), ...filesOf(revision, expand)].filter(
    ({ path }) => recursive || !path.includes('/'),
  );
  const from = Number(Buffer.from(url.searchParams.get('cursor') ?? 'MA==', 'base64').toString());
  const most = pageSize ?? (expand ? pageSizes.expanded : pageSizes.plain);
  const size = Math.min(most, Number(url.searchParams.get('limit') ?? most));
  const page = entries.slice(from, from + size);
  if (from + size >= entries.length) return json(page);
  const next = new URL(`${base}${url.pathname}${url.search}`);
  next.searchParams.set('cursor', Buffer.from(String(from + size)).toString('base64'));
  return json(page, { link: `<${next.href}>; rel="next"` });
}

function foldersOf({ files }: Revision) {
  const folders = [...files.keys()].flatMap((path) =>
    path.split('/').flatMap((_, depth, parts) => (depth === 0 ? [] : [parts.slice(0, depth).join('/')])),
  );
  return [...new Set(folders)].map((path) => ({ type: 'directory', oid: '0'.repeat(40), size: 0, path }));
}

function filesOf({ commit, files }: Revision, expand: boolean) {
  return [...files].map(([path, file]) => ({
    type: 'file',
    oid: file.gitSha1,
    size: file.size,
    path,
    ...lfsOf(file),
    ...(expand ? { lastCommit: { id: commit, title: 'Upload', date: '2025-08-26T17:25:47.000Z' } } : {}),
    ...(expand ? { securityFileStatus: { status: file.scan ?? 'safe' } } : {}),
  }));
}

function lfsOf({ sha256, size }: RepoFile) {
  if (sha256 === undefined) return {};
  const pointerSize = Buffer.byteLength(pointerOf(sha256, size));
  return { lfs: { oid: sha256, size, pointerSize }, xetHash: sha256 };
}

function json(body: unknown, headers: Readonly<Record<string, string>> = {}): ApiAnswer {
  return { headers, body };
}
