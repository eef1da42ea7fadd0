import type { FieldValidation } from './admission.ts';
import { remove } from './deletes.ts';
import { discover } from './discovery.ts';
import { isObject, type Json } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Logs } from './logs.ts';
import { listPage } from './reads.ts';
import { type Attempt, authorize } from './rbac.ts';
import { requestToken, reviewAccess, reviewToken } from './reviews.ts';
import {
  badRequest,
  forbidden,
  invalid,
  methodNotAllowed,
  noSuchResource,
  notFound,
  StatusError,
  unauthorized,
} from './status.ts';
import { parseTarget, type Target } from './target.ts';
import type { Tokens, User } from './tokens.ts';
import { apply, create, type Desk, patch, replace, type Write } from './writes.ts';

export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Answer {
  readonly code: number;
  /** An object is sent as JSON, a text as it is. */
  readonly body: Json | string;
  readonly warnings?: readonly string[];
}

export interface Server extends Desk {
  readonly logs: Logs;
  readonly tokens: Tokens;
  readonly adminToken: string;
  readonly maxTokenSeconds: number | undefined;
  refuse(ask: Ask, why: string): void;
  note(user: User, attempt: Attempt, code: number): void;
}

/** One request: who is it, may he, and what is the answer. */
export function serve(server: Server, ask: Ask): Answer {
  const target = parseTarget(ask.path);
  const user = identify(server, ask);
  const attempt = toAttempt(ask, target);
  const answer = decide(() => {
    const verdict = authorize(user, attempt, server.store);
    if (!verdict.allowed) throw deny(user, attempt, verdict.reason);
    return target.type === 'path' ? servePath(server, ask) : serveResource(server, ask, { target, user });
  });
  server.note(user, attempt, answer.code);
  return answer;
}

function decide(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, body: error.body };
    throw error;
  }
}

function identify(server: Server, { headers }: Ask): User {
  const header = headers['authorization'];
  if (typeof header !== 'string') {
    return { name: 'system:anonymous', uid: '', groups: ['system:unauthenticated'], extra: {} };
  }
  const found = whoIs(server, /^Bearer\s+(\S+)$/.exec(header)?.[1] ?? '');
  if (typeof found === 'string') throw unauthorized();
  return found;
}

function whoIs({ adminToken, tokens }: Server, token: string, audiences?: string[]): User | string {
  return token === adminToken
    ? { name: 'system:admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} }
    : tokens.identify(token, audiences);
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
  const reading = name === '' ? (query.get('watch') === 'true' ? 'watch' : 'list') : 'get';
  const changing = method === 'DELETE' && name === '' ? 'deletecollection' : (verbs[method] ?? '');
  return { group, resource, subresource, namespace, name, verb: method === 'GET' ? reading : changing };
}

function deny(
  user: User,
  { verb, group, resource, subresource, namespace, name, path }: Attempt,
  reason: string,
) {
  const tail = reason === '' ? '' : `: ${reason}`;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (path !== undefined) {
    return new StatusError(403, 'Forbidden', `forbidden: ${who} path ${JSON.stringify(path)}${tail}`, {
      details: {},
    });
  }
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} resource ${what} in API group ${JSON.stringify(group)} ${where}${tail}`;
  return forbidden({ group, plural: resource }, name, why);
}

function servePath(server: Server, ask: Ask): Answer {
  if (['/healthz', '/livez', '/readyz'].includes(ask.path)) return { code: 200, body: 'ok' };
  const found = ask.method === 'GET' ? discover(ask.path, server.store.kinds) : undefined;
  if (found !== undefined) return { code: 200, body: found };
  if (!/^\/(apis?|openapi)\b/.test(ask.path)) server.refuse(ask, 'no such path');
  return { code: 404, body: '404 page not found\n' };
}

interface Call {
  readonly target: Extract<Target, { type: 'resource' }>;
  readonly user: User;
}

function serveResource(server: Server, ask: Ask, { target, user }: Call): Answer {
  const review = serveReview(server, ask, { target, user });
  if (review !== undefined) return review;
  const kind = server.store.kinds.find(
    ({ apiVersion, plural }) => apiVersion === target.apiVersion && plural === target.resource,
  );
  if (kind === undefined) return noSuchKind(server, target);
  refuseQuery(server, ask);
  if (ask.method === 'GET') return serveRead(server, ask, kind, target);
  return serveWrite(server, ask, kind, { target, user });
}

/** A custom group or an unknown one ends at another handler than a core group whose resource is unknown. */
function noSuchKind({ store }: Server, { apiVersion }: Call['target']): Answer {
  if (store.kinds.some((kind) => kind.apiVersion === apiVersion && !kind.custom)) throw noSuchResource();
  return { code: 404, body: '404 page not found\n' };
}

const known = new Set(
  'fieldManager force dryRun fieldValidation labelSelector fieldSelector limit continue resourceVersion resourceVersionMatch timeoutSeconds pretty gracePeriodSeconds propagationPolicy container previous tailLines'.split(
    ' ',
  ),
);

function refuseQuery(server: Server, ask: Ask): void {
  for (const name of ask.query.keys()) {
    if (known.has(name)) continue;
    server.refuse(ask, `the query ${name} is not known here`);
    throw new StatusError(501, '', `the sandbox does not know the query parameter ${name}`);
  }
}

function serveReview(server: Server, ask: Ask, { target, user }: Call): Answer | undefined {
  const { apiVersion, resource, subresource, namespace, name } = target;
  if (ask.method !== 'POST') return undefined;
  if (apiVersion === 'v1' && `${resource}/${subresource}` === 'serviceaccounts/token') {
    const limits = { namespace, name, maxSeconds: server.maxTokenSeconds };
    const { object, warnings } = requestToken(readBody(ask), limits, server.store, server.tokens);
    return { code: 201, body: object, warnings };
  }
  switch (`${apiVersion}/${resource}`) {
    case 'authentication.k8s.io/v1/tokenreviews':
      return {
        code: 201,
        body: reviewToken(readBody(ask), (token, audiences) => whoIs(server, token, audiences)),
      };
    case 'authorization.k8s.io/v1/subjectaccessreviews':
      return { code: 201, body: reviewAccess(readBody(ask), undefined, server.store) };
    case 'authorization.k8s.io/v1/selfsubjectaccessreviews':
      return { code: 201, body: reviewAccess(readBody(ask), user, server.store) };
    default:
      return undefined;
  }
}

function serveRead(
  server: Server,
  ask: Ask,
  kind: Kind,
  { namespace, name, subresource }: Call['target'],
): Answer {
  const { store } = server;
  if (name === '')
    return { code: 200, body: listPage(store, kind, kind.namespaced ? namespace : '', ask.query) };
  const object = store.read({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name,
    ...(kind.namespaced ? { namespace } : {}),
  });
  if (object === undefined) throw notFound(kind, name);
  if (kind.kind === 'Pod' && subresource === 'log')
    return { code: 200, body: server.logs.read(object, ask.query) };
  requireSubresource(server, ask, kind, subresource);
  return { code: 200, body: object as unknown as Json };
}

function requireSubresource(server: Server, ask: Ask, kind: Kind, subresource: string): void {
  if (subresource === '' || (subresource === 'status' && kind.status)) return;
  server.refuse(ask, `${kind.kind} has no subresource ${subresource} here`);
  throw noSuchResource();
}

function serveWrite(server: Server, ask: Ask, kind: Kind, { target, user }: Call): Answer {
  requireSubresource(server, ask, kind, target.subresource);
  const write: Write = {
    kind,
    namespace: kind.namespaced ? target.namespace : '',
    name: target.name,
    subresource: target.subresource,
    user,
    manager:
      ask.query.get('fieldManager') ?? String(ask.headers['user-agent'] ?? 'unknown').split('/')[0] ?? '',
    dryRun: isDryRun(ask),
    fieldValidation: (ask.query.get('fieldValidation') ?? 'Warn') as FieldValidation,
  };
  const { code, object, warnings } = work(server, ask, write);
  return { code, body: object, warnings };
}

function work(server: Server, ask: Ask, write: Write) {
  const { method } = ask;
  if (method === 'POST' && write.name === '') return create(server, write, readBody(ask));
  if (method === 'PUT' && write.name !== '') return replace(server, write, readBody(ask));
  if (method === 'PATCH' && write.name !== '') return servePatch(server, ask, write);
  if (method === 'DELETE' && write.name !== '') return remove(server, write, deleteOptions(server, ask));
  if (method === 'DELETE') {
    server.refuse(ask, 'deleting collections is not known here');
    throw new StatusError(501, '', 'the sandbox does not delete collections');
  }
  server.refuse(ask, 'no such verb');
  throw methodNotAllowed();
}

const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/apply-patch+yaml',
];

function servePatch(server: Server, ask: Ask, write: Write) {
  const type = String(ask.headers['content-type']).split(';')[0]?.trim();
  if (type === 'application/merge-patch+json') return patch(server, write, 'merge', parse(ask.body));
  if (type === 'application/json-patch+json') return patch(server, write, 'json', parse(ask.body));
  if (type !== 'application/apply-patch+yaml') {
    server.refuse(ask, `patches of type ${type} are not known here`);
    throw new StatusError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${patchTypes.join(', ')}`,
    );
  }
  if (!ask.query.has('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      {
        field: 'fieldManager',
        reason: 'FieldValueRequired',
        text: 'Required value: is required for apply patch',
      },
    ]);
  }
  requireCreate(server, write);
  return apply(server, write, readBody(ask), ask.query.get('force') === 'true');
}

/** Applying what is absent creates it, and needs that right too. */
function requireCreate({ store }: Server, { kind, namespace, name, user, subresource }: Write): void {
  const ref = {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name,
    ...(kind.namespaced ? { namespace } : {}),
  };
  if (store.read(ref) !== undefined) return;
  const attempt = { verb: 'create', group: kind.group, resource: kind.plural, subresource, namespace, name };
  const verdict = authorize(user, attempt, store);
  if (!verdict.allowed) throw deny(user, attempt, verdict.reason);
}

function isDryRun({ query }: Ask): boolean {
  const values = query.getAll('dryRun');
  if (values.length > 0 && values.some((value) => value !== 'All')) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      {
        field: 'dryRun',
        reason: 'FieldValueNotSupported',
        text: `Unsupported value: ${JSON.stringify(values[0])}: supported values: "All"`,
      },
    ]);
  }
  return values.length > 0;
}

function deleteOptions(server: Server, ask: Ask): Json {
  const options = ask.body === '' ? {} : readBody(ask);
  const policy = options['propagationPolicy'] ?? ask.query.get('propagationPolicy') ?? 'Background';
  if (policy === 'Background') return options;
  server.refuse(ask, `deleting with propagationPolicy ${String(policy)} is not known here`);
  throw new StatusError(501, '', `the sandbox does not delete with propagationPolicy ${String(policy)}`);
}

function readBody({ body }: Ask): Json {
  const value = parse(body);
  if (!isObject(value)) throw badRequest('the request body is no object');
  return value;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw badRequest(
      `couldn't get version/kind; json parse error: ${error instanceof Error ? error.message : ''}`,
    );
  }
}
