import type { Repo, RepoFile, Revision } from './repo.ts';
import type { Route } from './routes.ts';

/** A refusal as the Hub words it. */
export interface ApiError {
  readonly status: number;
  /** X-Error-Code */
  readonly code?: string;
  readonly message: string;
}

export interface Accounts {
  readonly repos: readonly Repo[];
  readonly token?: string;
  readonly strangers?: readonly string[];
}

export type Found =
  | { readonly error: ApiError }
  | { readonly renamedTo: string }
  | { readonly repo: Repo; readonly revision: Revision; readonly file: RepoFile | undefined };

/** What a route leads to for who asks. */
export function find(route: Route, authorization: string | undefined, accounts: Accounts): Found {
  const { repos, token, strangers = [] } = accounts;
  const given = authorization?.replace(/^Bearer /, '');
  if (given !== undefined && given !== token && !strangers.includes(given))
    return { error: { status: 401, message: 'Invalid credentials in Authorization header' } };
  const renamed = repos.find(({ formerly }) => formerly?.includes(route.id));
  if (renamed) return { renamedTo: renamed.id };
  const repo = repos.find(({ id }) => id === route.id);
  const trusted = given !== undefined && given === token;
  if (!repo) return { error: noRepo(given) };
  const denied = trusted ? undefined : denial(repo, route, given);
  return denied ? { error: denied } : findIn(repo, route);
}

function findIn(repo: Repo, { place, revision: named, path }: Route): Found {
  const revision = repo.revisions.get(repo.refs.get(named) ?? named);
  if (!revision) return { error: noRevision(named) };
  const file = revision.files.get(path);
  return file || place !== 'resolve' ? { repo, revision, file } : { error: noEntry(path) };
}

/** A private repository does not exist for strangers, a gated one gives them no bytes. */
function denial(repo: Repo, { place }: Route, given: string | undefined): ApiError | undefined {
  if (repo.private) return noRepo(given);
  return repo.gated && place === 'resolve' ? gated(repo, given) : undefined;
}

function gated({ id }: Repo, given: string | undefined): ApiError {
  const message = `Access to model ${id} is restricted. You must have access to it and be authenticated to access it.`;
  return { status: given === undefined ? 401 : 403, code: 'GatedRepo', message };
}

/** The nameless are asked for a password, so that nobody learns what is private. */
function noRepo(given: string | undefined): ApiError {
  if (given !== undefined) return { status: 404, code: 'RepoNotFound', message: 'Repository not found' };
  return { status: 401, code: 'RepoNotFound', message: 'Invalid username or password.' };
}

function noRevision(revision: string): ApiError {
  return { status: 404, code: 'RevisionNotFound', message: `Invalid rev id: ${revision}` };
}

function noEntry(path: string): ApiError {
  return { status: 404, code: 'EntryNotFound', message: `Entry not found: ${path}` };
}
