import type { Answer, Ask } from './ask.ts';
import type { Desk } from './desk.ts';
import { discover } from './discovery.ts';
import type { Kind } from './kinds.ts';
import { type Attempt, authorize } from './rbac.ts';
import { serveRead } from './serve-reads.ts';
import { serveReview } from './serve-reviews.ts';
import { serveWrite } from './serve-writes.ts';
import { methodNotAllowed, noSuchResource, PlainError, StatusError } from './status.ts';
import { parseTarget, type ResourceTarget, type Target } from './target.ts';
import { type User } from './tokens.ts';
import { deny, identify } from './who.ts';

/** One request: who is it, may he, and what is the answer. */
export function serve(desk: Desk, ask: Ask): Answer {
  const target = parseTarget(ask.path);
  let who: { user: User; attempt: Attempt } | undefined;
  const answer = asAnswer(() => {
    const user = identify(desk, ask);
    const attempt = toAttempt(ask, target);
    who = { user, attempt };
    const verdict = authorize(user, attempt, desk.store);
    if (!verdict.allowed) throw deny(user, attempt, verdict.reason);
    return target.type === 'path' ? servePath(desk, ask) : serveResource(desk, ask, target, user);
  });
  if (who !== undefined) desk.note(who.user, who.attempt, answer.code);
  return answer;
}

function asAnswer(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, body: error.body };
    if (error instanceof PlainError) return { code: error.code, body: error.message };
    throw error;
  }
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function toAttempt({ method, path, query }: Ask, target: Target): Attempt {
  const none = { group: '', resource: '', subresource: '', namespace: '', name: '' };
  if (target.type === 'path') return { ...none, verb: method.toLowerCase(), path };
  const { group, resource, subresource, namespace, name } = target;
  const verb = method === 'GET' ? readVerb(name, query) : (verbs[method] ?? '');
  const all = method === 'DELETE' && name === '' ? 'collection' : '';
  return { group, resource, subresource, namespace, name, verb: `${verb}${all}` };
}

function readVerb(name: string, query: URLSearchParams): string {
  if (query.get('watch') === 'true') return 'watch';
  return name === '' ? 'list' : 'get';
}

function servePath(desk: Desk, ask: Ask): Answer {
  if (['/healthz', '/livez', '/readyz'].includes(ask.path)) return { code: 200, body: 'ok' };
  const found = ask.method === 'GET' ? discover(ask.path, desk.store.kinds) : undefined;
  if (found !== undefined) return { code: 200, body: found };
  const isServed = discover(ask.path, desk.store.kinds) !== undefined;
  if (isServed) throw methodNotAllowed();
  // The core group's handler knows of its versions, the router of everything else.
  if (/^\/api\/[^/]+$/.test(ask.path)) throw noSuchResource();
  if (ask.path.startsWith('/openapi/')) throw new PlainError(404, '');
  if (!/^\/apis?\b/.test(ask.path)) desk.refuse(ask, 'no such path');
  throw new PlainError(404, '404 page not found\n');
}

function serveResource(desk: Desk, ask: Ask, target: ResourceTarget, user: User): Answer {
  const review = ask.method === 'POST' ? serveReview(desk, ask, target, user) : undefined;
  if (review !== undefined) return review;
  const kind = findKind(desk.store.kinds, target);
  return ask.method === 'GET'
    ? serveRead(desk, ask, kind, target)
    : serveWrite(desk, ask, { kind, target, user });
}

/** A custom group or an unknown one ends at another handler than a built-in group whose resource is unknown. */
function findKind(kinds: readonly Kind[], { apiVersion, resource }: ResourceTarget): Kind {
  const served = kinds.filter((kind) => kind.apiVersion === apiVersion);
  const kind = served.find(({ plural }) => plural === resource);
  if (kind !== undefined) return kind;
  throw served.some(({ custom }) => !custom) ? noSuchResource() : new PlainError(404, '404 page not found\n');
}
