import type { Json } from './json.ts';
import type { Store } from './store.ts';

/** What a fresh cluster has: namespaces with their account `default`, and the roles that everyone or the tests count on. */
export function seed(store: Store, namespaces: readonly string[]): void {
  for (const name of new Set(['default', 'kube-system', ...namespaces])) addNamespace(store, name);
  for (const [name, rules] of Object.entries(clusterRoles)) {
    store.write({ apiVersion: rbac, kind: 'ClusterRole', metadata: { name }, rules });
  }
  for (const name of ['system:discovery', 'system:basic-user']) {
    store.write(
      bindTo(name, { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' }),
    );
  }
  store.write(
    bindTo('system:public-info-viewer', {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'Group',
      name: 'system:unauthenticated',
    }),
  );
}

function addNamespace(store: Store, name: string): void {
  store.write({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  });
  addAccount(store, { namespace: name, serviceAccount: 'default' });
}

export function addAccount(
  store: Store,
  { namespace, serviceAccount }: { namespace: string; serviceAccount: string },
) {
  const ref = { apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: serviceAccount };
  return (
    store.read(ref) ??
    store.write({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: serviceAccount, namespace } })
  );
}

const rbac = 'rbac.authorization.k8s.io/v1';

const infoPaths = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

const clusterRoles: Readonly<Record<string, readonly Json[]>> = {
  'cluster-admin': [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ],
  'system:discovery': [
    {
      nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*', ...infoPaths],
      verbs: ['get'],
    },
  ],
  'system:public-info-viewer': [{ nonResourceURLs: infoPaths, verbs: ['get'] }],
  'system:basic-user': [
    {
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      verbs: ['create'],
    },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ],
  'system:auth-delegator': [
    { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
    { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],
};

const bindTo = (role: string, subject: Json): Json => ({
  apiVersion: rbac,
  kind: 'ClusterRoleBinding',
  metadata: { name: role },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [subject],
});
