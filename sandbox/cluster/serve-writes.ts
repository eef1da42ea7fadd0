import type { FieldValidation } from './admission.ts';
import type { Answer, Ask } from './ask.ts';
import { parseBody, readBody } from './body.ts';
import { remove } from './deletes.ts';
import { type Desk, find, unknownHere } from './desk.ts';
import { type Json, textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { authorize } from './rbac.ts';
import { requireQueries, requireSubresource } from './serve-reads.ts';
import { invalid, methodNotAllowed, PlainError } from './status.ts';
import type { ResourceTarget } from './target.ts';
import type { User } from './tokens.ts';
import { deny } from './who.ts';
import type { Write, Written } from './write.ts';
import { apply, create, patch, replace } from './writes.ts';

interface Call {
  readonly kind: Kind;
  readonly target: ResourceTarget;
  readonly user: User;
}

const queries =
  'fieldManager force dryRun fieldValidation timeoutSeconds pretty gracePeriodSeconds propagationPolicy'.split(
    ' ',
  );

/** POST, PUT, PATCH, DELETE. */
export function serveWrite(desk: Desk, ask: Ask, { kind, target, user }: Call): Answer {
  requireQueries(desk, ask, queries);
  requireSubresource(desk, ask, kind, target.subresource);
  const { code, object, warnings } = carryOut(desk, ask, {
    kind,
    namespace: kind.namespaced ? target.namespace : '',
    name: target.name,
    subresource: target.subresource,
    user,
    manager: ask.query.get('fieldManager') ?? agentOf(ask),
    dryRun: isDryRun(ask),
    fieldValidation: (ask.query.get('fieldValidation') ?? 'Warn') as FieldValidation,
  });
  return { code, body: object, warnings };
}

/** Without a field manager it is the client's name that owns the fields. */
const agentOf = ({ headers }: Ask): string => {
  const agent = headers['user-agent'];
  return (typeof agent === 'string' ? agent : 'unknown').split('/')[0] ?? '';
};

function carryOut(desk: Desk, ask: Ask, write: Write): Written {
  switch (`${ask.method} ${write.name === '' ? 'collection' : 'object'}`) {
    case 'POST collection':
      return create(desk, write, readBody(ask));
    case 'PUT object':
      return replace(desk, write, readBody(ask));
    case 'PATCH object':
      return servePatch(desk, ask, write);
    case 'DELETE object':
      return remove(desk, write, deleteOptions(desk, ask));
    case 'DELETE collection':
      throw unknownHere(desk, ask, 'deleting collections');
    default:
      desk.refuse(ask, 'no such verb');
      throw methodNotAllowed();
  }
}

function servePatch(desk: Desk, ask: Ask, write: Write): Written {
  switch ((ask.headers['content-type'] ?? '').toString().split(';')[0]?.trim()) {
    case 'application/merge-patch+json':
      return patch(desk, write, 'merge', parseBody(ask.body));
    case 'application/json-patch+json':
      return patch(desk, write, 'json', parseBody(ask.body));
    case 'application/apply-patch+yaml':
      requireManager(ask);
      requireCreate(desk, write);
      return apply(desk, write, readBody(ask), ask.query.get('force') === 'true');
    default:
      desk.refuse(ask, `patches of type ${String(ask.headers['content-type'])}`);
      throw new PlainError(415, '415: Unsupported Media Type');
  }
}

const options = { group: 'meta.k8s.io', kind: 'PatchOptions' };

function requireManager({ query }: Ask): void {
  if ((query.get('fieldManager')?.length ?? 0) > 128) {
    const text = 'Too long: may not be more than 128 bytes';
    throw invalid(options, '', [{ field: 'fieldManager', reason: 'FieldValueTooLong', text }]);
  }
  if (query.has('fieldManager')) return;
  const text = 'Required value: is required for apply patch';
  throw invalid(options, '', [{ field: 'fieldManager', reason: 'FieldValueRequired', text }]);
}

/** Applying what is absent creates it, and needs that right too. */
function requireCreate(desk: Desk, { kind, namespace, name, user, subresource }: Write): void {
  if (find(desk, kind, namespace, name) !== undefined) return;
  const attempt = {
    verb: 'create',
    group: kind.group,
    resource: kind.plural,
    subresource,
    namespace,
    name,
  };
  const verdict = authorize(user, attempt, desk.store);
  if (!verdict.allowed) throw deny(user, attempt, verdict.reason);
}

function isDryRun({ query }: Ask): boolean {
  const values = query.getAll('dryRun');
  const wrong = values.find((value) => value !== 'All');
  if (wrong === undefined) return values.length > 0;
  const text = `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`;
  throw invalid(options, '', [{ field: 'dryRun', reason: 'FieldValueNotSupported', text }]);
}

function deleteOptions(desk: Desk, ask: Ask): Json {
  const given = ask.body === '' ? {} : readBody(ask);
  const policy = textAt(given, 'propagationPolicy') ?? ask.query.get('propagationPolicy') ?? 'Background';
  if (policy !== 'Background') throw unknownHere(desk, ask, `deleting with propagationPolicy ${policy}`);
  return given;
}
