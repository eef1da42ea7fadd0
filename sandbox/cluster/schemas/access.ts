import { atomic, each, list, object, string, strings } from '../schema.ts';
import { labelSelector, metadata } from './metadata.ts';

const rules = list(
  object({ ...each('apiGroups resources verbs resourceNames nonResourceURLs', strings) }, ['verbs']),
);
const binding = {
  metadata,
  subjects: list(object({ ...each('kind name namespace apiGroup', string) }, ['kind', 'name'])),
  roleRef: atomic({ ...each('apiGroup kind name', string) }),
};

export const access = {
  role: { metadata, rules },
  clusterRole: { metadata, rules, aggregationRule: object({ clusterRoleSelectors: list(labelSelector) }) },
  binding,
};
