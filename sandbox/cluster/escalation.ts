import { type Json, listAt, textAt } from './json.ts';
import { authorize } from './rbac.ts';
import type { Kind } from './kinds.ts';
import { forbidden } from './status.ts';
import type { Store } from './store.ts';
import type { User } from './tokens.ts';

/** Nobody may write a Role with rights that he does not hold himself (unless he may `escalate`). */
export function refuseEscalation(user: User, role: Json, kind: Kind, store: Store): void {
  if (kind.kind !== 'Role' && kind.kind !== 'ClusterRole') return;
  const namespace = textAt(role, 'metadata', 'namespace') ?? '';
  const name = textAt(role, 'metadata', 'name') ?? '';
  const where = { group: kind.group, resource: kind.plural, subresource: '', namespace, name };
  if (authorize(user, { verb: 'escalate', ...where }, store).allowed) return;
  const missing = listAt(role, 'rules').flatMap((rule) => missingOf(user, rule, namespace, store));
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const texts = missing.map(ruleText).join('\n');
  throw forbidden(
    kind,
    name,
    `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${texts}`,
  );
}

/** For every resource of a rule the verbs that the user does not hold. */
function missingOf(user: User, rule: unknown, namespace: string, store: Store): Json[] {
  const texts = (field: string) => listAt(rule, field).map(String);
  const names = texts('resourceNames');
  const holds = (verb: string, group: string, whole: string) => {
    const [resource = '', subresource = ''] = whole.split('/');
    return (names.length === 0 ? [''] : names).every(
      (name) => authorize(user, { verb, group, resource, subresource, namespace, name }, store).allowed,
    );
  };
  return texts('apiGroups').flatMap((group) =>
    texts('resources').flatMap((resource) => {
      const verbs = texts('verbs').filter((verb) => !holds(verb, group, resource));
      const resourceNames = names.length === 0 ? {} : { resourceNames: names };
      return verbs.length === 0
        ? []
        : [{ apiGroups: [group], resources: [resource], ...resourceNames, verbs }];
    }),
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
