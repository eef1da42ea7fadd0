import { isObject, type Json, listAt } from './json.ts';
import { authorize } from './rbac.ts';
import type { Kind } from './kinds.ts';
import { forbidden } from './status.ts';
import type { Store } from './store.ts';
import type { User } from './tokens.ts';

/** Nobody may write a Role with rights that he does not hold himself (unless he may `escalate`). */
export function refuseEscalation(user: User, role: Json, kind: Kind, store: Store): void {
  if (kind.kind !== 'Role' && kind.kind !== 'ClusterRole') return;
  const metadata = isObject(role['metadata']) ? role['metadata'] : {};
  const namespace = String(metadata['namespace'] ?? '');
  const name = String(metadata['name'] ?? '');
  const where = { group: kind.group, resource: kind.plural, subresource: '', namespace, name };
  if (authorize(user, { verb: 'escalate', ...where }, store).allowed) return;
  const missing = listAt(role, 'rules').filter((rule) => !holds(user, rule, namespace, store));
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  throw forbidden(
    kind,
    name,
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing.map(ruleText).join('\n')}`,
  );
}

function holds(user: User, rule: unknown, namespace: string, store: Store): boolean {
  const texts = (field: string) => listAt(rule, field).map(String);
  const names = texts('resourceNames');
  return texts('apiGroups').every((group) =>
    texts('resources').every((whole) =>
      texts('verbs').every((verb) =>
        (names.length === 0 ? [''] : names).every((name) => {
          const [resource = '', subresource = ''] = whole.split('/');
          return authorize(user, { verb, group, resource, subresource, namespace, name }, store).allowed;
        }),
      ),
    ),
  );
}

const titles = {
  apiGroups: 'APIGroups',
  resources: 'Resources',
  resourceNames: 'ResourceNames',
  nonResourceURLs: 'NonResourceURLs',
  verbs: 'Verbs',
};

function ruleText(rule: unknown): string {
  const parts = Object.entries(titles)
    .map(([field, title]) => ({ title, values: listAt(rule, field) }))
    .filter(({ values }) => values.length > 0)
    .map(({ title, values }) => `${title}:[${values.map((value) => JSON.stringify(value)).join(' ')}]`);
  return `{${parts.join(', ')}}`;
}
