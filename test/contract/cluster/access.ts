import { describe, expect, test, vi } from 'vitest';
import { configMap, failureOf, type On, tokenOf } from './ground.ts';

/** Who may do what, and in which words it is refused. */
export function accessContract(on: On): void {
  const rbac = 'rbac.authorization.k8s.io/v1';

  async function grant(serviceAccount: string, rules: readonly object[]): Promise<void> {
    const { admin, namespace } = on();
    const metadata = { name: serviceAccount, namespace };
    await admin.create({ apiVersion: rbac, kind: 'Role', metadata, rules });
    await admin.create({
      apiVersion: rbac,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: serviceAccount },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
    });
    // The authorizer hears of new bindings a moment later.
    const rule = rules[0] as {
      apiGroups: string[];
      resources: string[];
      resourceNames?: string[];
      verbs: string[];
    };
    const asked = {
      verb: rule.verbs[0],
      group: rule.apiGroups[0],
      resource: rule.resources[0],
      name: rule.resourceNames?.[0],
    };
    await vi.waitFor(
      async () => expect(await review(serviceAccount, asked)).toMatchObject({ allowed: true }),
      10_000,
    );
  }

  async function review(serviceAccount: string, resourceAttributes: object): Promise<unknown> {
    const { namespace, raw } = on();
    const { body } = await raw({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${namespace}:${serviceAccount}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          resourceAttributes: { namespace, ...resourceAttributes },
        },
      },
    });
    return body['status'];
  }

  describe('rights', () => {
    test('an account without any is refused, with the rule that it lacks', async () => {
      const { namespace } = on();
      const nobody = await on().as('nobody');
      const error = await failureOf(
        nobody.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'x' }),
      );
      expect(error.failure).toBe('refused');
      expect(error.message).toBe(
        `ServiceAccount ${namespace}/nobody may not get configmaps x in namespace ${namespace}`,
      );
      expect(error.hint).toBe(
        `oc create role llm-rollout-get-configmaps --verb=get --resource=configmaps --resource-name=x -n ${namespace} && ` +
          `oc create rolebinding llm-rollout-get-configmaps --role=llm-rollout-get-configmaps --serviceaccount=${namespace}:nobody -n ${namespace}`,
      );
    });

    test.each([
      [
        'GET',
        'api/v1/namespaces/NS/pods',
        'pods is forbidden: User "system:serviceaccount:NS:nobody" cannot list resource "pods" in API group "" in the namespace "NS"',
      ],
      [
        'GET',
        'apis/apps/v1/namespaces/NS/deployments/x',
        'deployments.apps "x" is forbidden: User "system:serviceaccount:NS:nobody" cannot get resource "deployments" in API group "apps" in the namespace "NS"',
      ],
      [
        'GET',
        'api/v1/namespaces/NS/pods/x/log',
        'pods "x" is forbidden: User "system:serviceaccount:NS:nobody" cannot get resource "pods/log" in API group "" in the namespace "NS"',
      ],
      [
        'GET',
        'api/v1/nodes',
        'nodes is forbidden: User "system:serviceaccount:NS:nobody" cannot list resource "nodes" in API group "" at the cluster scope',
      ],
      [
        'GET',
        'api/v1/namespaces/NS',
        'namespaces "NS" is forbidden: User "system:serviceaccount:NS:nobody" cannot get resource "namespaces" in API group "" in the namespace "NS"',
      ],
      [
        'POST',
        'api/v1/namespaces/NS/serviceaccounts/a/token',
        'serviceaccounts "a" is forbidden: User "system:serviceaccount:NS:nobody" cannot create resource "serviceaccounts/token" in API group "" in the namespace "NS"',
      ],
      [
        'DELETE',
        'api/v1/namespaces/NS/secrets/s',
        'secrets "s" is forbidden: User "system:serviceaccount:NS:nobody" cannot delete resource "secrets" in API group "" in the namespace "NS"',
      ],
      ['GET', 'metrics', 'forbidden: User "system:serviceaccount:NS:nobody" cannot get path "/metrics"'],
      [
        'GET',
        'apis/nobody.example.com/v1/namespaces/NS/things',
        'things.nobody.example.com is forbidden: User "system:serviceaccount:NS:nobody" cannot list resource "things" in API group "nobody.example.com" in the namespace "NS"',
      ],
    ] as const)('%s %s', async (method, path, message) => {
      const { namespace, raw } = on();
      await on().as('nobody');
      const token = await tokenOf(raw, namespace, 'nobody');
      const own = (text: string) => text.replaceAll('NS', namespace);
      const { status, body } = await raw({ method, path: own(`/${path}`), token });
      expect({ status, message: body.message, reason: body.reason }).toEqual({
        status: 403,
        message: own(message),
        reason: 'Forbidden',
      });
    });

    test('a rule for one name holds for that name only', async () => {
      const { admin, namespace } = on();
      const reader = await on().as('reader');
      await grant('reader', [
        { apiGroups: [''], resources: ['configmaps'], resourceNames: ['mine'], verbs: ['get', 'patch'] },
      ]);
      for (const name of ['mine', 'yours']) await admin.create(configMap(namespace, name));
      const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
      await expect(reader.get({ ...ref, name: 'mine' })).resolves.toBeDefined();
      await expect(reader.mergePatch({ ...ref, name: 'mine' }, { data: { a: '1' } })).resolves.toBeDefined();
      const error = await failureOf(reader.get({ ...ref, name: 'yours' }));
      expect(error.status).toBe(403);
    });

    test('applying what is absent needs the right to create', async () => {
      const { admin, namespace } = on();
      const patcher = await on().as('patcher');
      await grant('patcher', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'patch'] }]);
      const error = await failureOf(patcher.apply(configMap(namespace, 'patch-made'), { fieldManager: 'p' }));
      expect(error.message).toBe(
        `ServiceAccount ${namespace}/patcher may not create configmaps patch-made in namespace ${namespace}`,
      );
      await admin.create(configMap(namespace, 'patch-made'));
      await expect(
        patcher.apply(configMap(namespace, 'patch-made'), { fieldManager: 'p' }),
      ).resolves.toBeDefined();
    });

    test('a binding to a Role that is not there is mentioned', async () => {
      const { admin, namespace, raw } = on();
      await on().as('dangling');
      await admin.create({
        apiVersion: rbac,
        kind: 'RoleBinding',
        metadata: { name: 'dangling', namespace },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'gone' },
        subjects: [{ kind: 'ServiceAccount', name: 'dangling', namespace }],
      });
      const token = await tokenOf(raw, namespace, 'dangling');
      const path = `/api/v1/namespaces/${namespace}/pods`;
      const said = async () => (await raw({ method: 'GET', path, token })).body.message;
      const ending = 'RBAC: role.rbac.authorization.k8s.io "gone" not found';
      await vi.waitFor(
        async () => expect(await said()).toContain(`in the namespace "${namespace}": ${ending}`),
        10_000,
      );
    });

    test('nobody grants what he does not hold', async () => {
      const { namespace } = on();
      const granter = await on().as('granter');
      await grant('granter', [
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create', 'get'] },
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
      ]);
      const role = (name: string, verbs: string[]) => ({
        apiVersion: rbac,
        kind: 'Role',
        metadata: { name, namespace },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
      });
      await expect(granter.create(role('modest', ['get']))).resolves.toBeDefined();
      const error = await failureOf(granter.create(role('greedy', ['get', 'delete'])));
      expect(error.message).toBe(
        `our account may not grant rights that it does not hold itself, as Role ${namespace}/greedy would`,
      );
      expect(error.evidence[0]).toContain(
        `roles.rbac.authorization.k8s.io "greedy" is forbidden: user "system:serviceaccount:${namespace}:granter" (groups=["system:serviceaccounts" "system:serviceaccounts:${namespace}" "system:authenticated"]) is attempting to grant RBAC permissions not currently held: {APIGroups:[""], Resources:["pods"], Verbs:["delete"]}`,
      );
    });

    test('who shows no token is anonymous, who shows a wrong one nobody', async () => {
      const { raw } = on();
      const anonymous = await raw({ method: 'GET', path: '/api/v1/namespaces/default/pods', token: '' });
      expect(anonymous.status).toBe(403);
      expect(anonymous.body.message).toContain('User "system:anonymous" cannot list resource "pods"');
      const wrong = await raw({ method: 'GET', path: '/api', token: 'eyJhbGciOiJub25lIn0.e30.x' });
      expect(wrong.status).toBe(401);
      expect(wrong.body).toMatchObject({ reason: 'Unauthorized', message: 'Unauthorized' });
    });

    test('everyone who is someone may discover and read schemas', async () => {
      const { raw, namespace } = on();
      await on().as('curious');
      const token = await tokenOf(raw, namespace, 'curious');
      for (const path of [
        '/api',
        '/apis',
        '/api/v1',
        '/apis/apps/v1',
        '/openapi/v3',
        '/openapi/v3/apis/apps/v1',
        '/version',
      ]) {
        expect({ path, status: (await raw({ method: 'GET', path, token })).status }).toEqual({
          path,
          status: 200,
        });
      }
    });

    test('an access review tells what the request would', async () => {
      const { namespace } = on();
      await on().as('reviewed');
      await grant('reviewed', [
        { apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] },
      ]);
      const attributes = { verb: 'get', group: '', resource: 'secrets' };
      expect(await review('reviewed', { ...attributes, name: 'a' })).toEqual({
        allowed: true,
        reason: `RBAC: allowed by RoleBinding "reviewed/${namespace}" of Role "reviewed" to ServiceAccount "reviewed/${namespace}"`,
      });
      expect(await review('reviewed', { ...attributes, name: 'b' })).toEqual({ allowed: false });
    });

    test('one may review oneself', async () => {
      const { raw, namespace } = on();
      await on().as('selfish');
      const token = await tokenOf(raw, namespace, 'selfish');
      const spec = { resourceAttributes: { verb: 'get', resource: 'pods', namespace } };
      const { status, body } = await raw({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec },
        token,
      });
      expect(status).toBe(201);
      expect(body['status']).toEqual({ allowed: false });
    });
  });
}
