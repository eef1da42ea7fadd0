import type { KubeObject } from '../../steps/lib/cluster.ts';
import { isObject, type Json, listAt, textAt } from './json.ts';
import type { Store } from './store.ts';
import type { User } from './tokens.ts';

/** What someone wants to do: with a resource, or with a path that is none. */
export interface Attempt {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Set for `/version`, `/openapi/v3`, …; then only the verb counts besides. */
  readonly path?: string;
}

export interface Verdict {
  readonly allowed: boolean;
  readonly reason: string;
}

const rbac = 'rbac.authorization.k8s.io/v1';

/** Decides by the Roles and bindings of the store, as the RBAC authorizer does. */
export function authorize(user: User, attempt: Attempt, store: Store): Verdict {
  if (user.groups.includes('system:masters')) return { allowed: true, reason: '' };
  const missing: string[] = [];
  for (const binding of bindingsFor(attempt, store)) {
    const subject = listAt(binding, 'subjects').find((one) => isSubject(one, user, binding));
    if (subject === undefined) continue;
    const role = roleOf(binding, store);
    if (role === undefined) missing.push(missingRole(binding));
    else if (listAt(role, 'rules').some((rule) => isObject(rule) && covers(rule, attempt))) {
      return { allowed: true, reason: allowedBy(binding, subject) };
    }
  }
  return { allowed: false, reason: missing.length === 0 ? '' : `RBAC: ${missing.join(', ')}` };
}

function bindingsFor({ namespace, path }: Attempt, store: Store): KubeObject[] {
  const all = (kind: string, within?: string) => {
    const found = store.kindOf({ apiVersion: rbac, kind });
    return found === undefined ? [] : store.all(found, within);
  };
  const wide = all('ClusterRoleBinding');
  return path === undefined && namespace !== '' ? [...wide, ...all('RoleBinding', namespace)] : wide;
}

function isSubject(subject: unknown, user: User, binding: KubeObject): boolean {
  const name = textAt(subject, 'name') ?? '';
  switch (textAt(subject, 'kind')) {
    case 'User':
      return name === user.name;
    case 'Group':
      return user.groups.includes(name);
    default:
      return (
        user.name ===
        `system:serviceaccount:${textAt(subject, 'namespace') ?? binding.metadata.namespace}:${name}`
      );
  }
}

function roleOf(binding: KubeObject, store: Store): KubeObject | undefined {
  const kind = textAt(binding, 'roleRef', 'kind') ?? '';
  const { namespace } = binding.metadata;
  return store.read({
    apiVersion: rbac,
    kind,
    name: textAt(binding, 'roleRef', 'name') ?? '',
    ...(kind === 'Role' && namespace !== undefined ? { namespace } : {}),
  });
}

export function covers(rule: Json, { verb, group, resource, subresource, name, path }: Attempt): boolean {
  const allows = (field: string, ...values: readonly string[]) =>
    listAt(rule, field).some((value) => value === '*' || values.includes(String(value)));
  if (!allows('verbs', verb)) return false;
  if (path !== undefined) {
    return listAt(rule, 'nonResourceURLs').some((url) => matchesPath(String(url), path));
  }
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  const named = listAt(rule, 'resourceNames');
  return (
    allows('apiGroups', group) &&
    allows('resources', whole, ...(subresource === '' ? [] : [`*/${subresource}`])) &&
    (named.length === 0 || named.includes(name))
  );
}

const matchesPath = (url: string, path: string): boolean =>
  url.endsWith('*') ? path.startsWith(url.slice(0, -1)) : url === path;

function missingRole(binding: KubeObject): string {
  const kind = (textAt(binding, 'roleRef', 'kind') ?? '').toLowerCase();
  return `${kind}.rbac.authorization.k8s.io ${JSON.stringify(textAt(binding, 'roleRef', 'name'))} not found`;
}

function allowedBy({ kind, metadata, ...binding }: KubeObject, subject: unknown): string {
  const where = metadata.namespace === undefined ? metadata.name : `${metadata.name}/${metadata.namespace}`;
  const who = textAt(subject, 'name') ?? '';
  const whose = textAt(subject, 'namespace');
  return `RBAC: allowed by ${kind} ${JSON.stringify(where)} of ${textAt(binding, 'roleRef', 'kind')} ${JSON.stringify(textAt(binding, 'roleRef', 'name'))} to ${textAt(subject, 'kind')} ${JSON.stringify(whose === undefined ? who : `${who}/${whose}`)}`;
}
