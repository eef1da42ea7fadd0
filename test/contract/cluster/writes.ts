import { describe, expect, test } from 'vitest';
import { configMap, failureOf, type On } from './ground.ts';

/** Replace, patches, races, and what the server refuses to write. */
export function writesContract(on: On): void {
  const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: on().namespace, name });

  describe('writes', () => {
    test('replace with an old version gives nothing', async () => {
      const { admin, namespace } = on();
      const first = await admin.create(configMap(namespace, 'versioned', { data: { a: '1' } }));
      if (first === undefined) throw new Error('it was there');
      const second = await admin.replace({ ...first, data: { a: '2' } });
      expect(second).toMatchObject({ data: { a: '2' } });
      await expect(admin.replace({ ...first, data: { a: '3' } })).resolves.toBeUndefined();
      await expect(admin.get(ref('versioned'))).resolves.toMatchObject({ data: { a: '2' } });
    });

    test('of many that take a Lease at once, one does', async () => {
      const { admin, namespace } = on();
      const lease = await admin.create({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'lock', namespace },
        spec: {
          holderIdentity: 'nobody',
          leaseDurationSeconds: 60,
          renewTime: '2026-01-02T03:04:05.000000Z',
        },
      });
      if (lease === undefined) throw new Error('it was there');
      const taken = await Promise.all(
        ['a', 'b', 'c', 'd', 'e'].map((who) =>
          admin.replace({ ...lease, spec: { ...(lease['spec'] as object), holderIdentity: who } }),
        ),
      );
      expect(taken.filter((one) => one !== undefined)).toHaveLength(1);
    });

    test('the times of a Lease have six digits behind the second', async () => {
      const { admin, namespace } = on();
      const lease = (name: string, renewTime: string) => ({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name, namespace },
        spec: { holderIdentity: 'a', renewTime },
      });
      await expect(admin.create(lease('timed', '2026-01-02T03:04:05.678000Z'))).resolves.toBeDefined();
      const error = await failureOf(admin.create(lease('untimed', '2026-01-02T03:04:05Z')));
      expect(error.status).toBe(400);
      expect(error.evidence[0]).toContain('cannot parse "Z" as ".000000"');
    });

    test('a Lease cannot be replaced without its version', async () => {
      const { admin, namespace } = on();
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'versionless', namespace },
        spec: { holderIdentity: 'a' },
      };
      await admin.create(lease);
      const error = await failureOf(admin.replace(lease));
      expect(error.evidence[0]).toContain('metadata.resourceVersion: Invalid value: 0');
      expect(error.evidence[0]).toContain('must be specified for an update');
    });

    test('a merge patch sets and removes', async () => {
      const { admin, namespace } = on();
      await admin.create(configMap(namespace, 'merged', { data: { a: '1', b: '2' } }));
      const merged = await admin.mergePatch(ref('merged'), { data: { a: null, c: '3' } });
      expect(merged['data']).toEqual({ b: '2', c: '3' });
    });

    test('a merge patch of what is absent names it', async () => {
      const error = await failureOf(on().admin.mergePatch(ref('missing'), { data: {} }));
      expect(error).toMatchObject({ failure: 'refused', status: 404 });
      expect(error.message).toBe(`ConfigMap ${on().namespace}/missing does not exist`);
    });

    test('a JSON patch is done when its test holds, and else nothing is', async () => {
      const { admin, namespace } = on();
      await admin.create(configMap(namespace, 'tested', { data: { a: '1' } }));
      const patch = (value: string) => [
        { op: 'test', path: '/data/a', value },
        { op: 'replace', path: '/data/a', value: '2' },
      ];
      await expect(admin.jsonPatch(ref('tested'), patch('0'))).resolves.toBeUndefined();
      await expect(admin.jsonPatch(ref('tested'), patch('1'))).resolves.toMatchObject({ data: { a: '2' } });
      await expect(admin.jsonPatch(ref('absent'), patch('1'))).resolves.toBeUndefined();
      const remove = [{ op: 'remove', path: '/data/zzz' }];
      await expect(admin.jsonPatch(ref('tested'), remove)).resolves.toBeUndefined();
    });

    test('a JSON patch replaces what is not there, and finds null there', async () => {
      const { admin, namespace } = on();
      await admin.create(configMap(namespace, 'lenient', { data: { a: '1' } }));
      const patch = [
        { op: 'test', path: '/data/b', value: null },
        { op: 'replace', path: '/data/b', value: '2' },
      ];
      await expect(admin.jsonPatch(ref('lenient'), patch)).resolves.toMatchObject({
        data: { a: '1', b: '2' },
      });
    });

    test('a failed test is all that the server says', async () => {
      const { admin, namespace, raw } = on();
      await admin.create(configMap(namespace, 'terse', { data: { a: '1' } }));
      const { status, body } = await raw({
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/configmaps/terse`,
        contentType: 'application/json-patch+json',
        body: [{ op: 'test', path: '/data/a', value: '2' }],
      });
      expect(status).toBe(422);
      expect(body).toMatchObject({
        reason: 'Invalid',
        message: 'the server rejected our request due to an error in our request',
        details: {},
      });
    });

    test('a patch that carries an old version meets a conflict', async () => {
      const { admin, namespace } = on();
      const made = await admin.create(configMap(namespace, 'guarded'));
      await admin.mergePatch(ref('guarded'), { data: { a: '1' } });
      const { resourceVersion } = made?.metadata ?? {};
      const error = await failureOf(
        admin.mergePatch(ref('guarded'), { metadata: { resourceVersion }, data: {} }),
      );
      expect(error).toMatchObject({ status: 409, reason: 'Conflict' });
    });

    test('a name that no object may have', async () => {
      const error = await failureOf(on().admin.create(configMap(on().namespace, 'Not_A_Name')));
      expect(error.message).toBe(`ConfigMap ${on().namespace}/Not_A_Name is invalid: one field`);
      expect(error.evidence[0]).toMatch(
        /^metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain must/,
      );
    });

    test('a Role may have capitals and colons, but no slash', async () => {
      const { admin, namespace } = on();
      const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' };
      const named = (name: string) => ({ ...role, metadata: { name, namespace }, rules: [] });
      await expect(admin.create(named('System:Odd'))).resolves.toBeDefined();
      const found = await admin.get({ ...role, namespace, name: 'System:Odd' });
      expect(found?.metadata.name).toBe('System:Odd');
      const error = await failureOf(admin.create(named('system/odd')));
      expect(error.evidence[0]).toMatch(
        /^metadata\.name: Invalid value: "system\/odd": may not contain '\/'/,
      );
    });

    test('a label that is too long', async () => {
      const { admin, namespace } = on();
      const metadata = { name: 'labelled', namespace, labels: { a: 'x'.repeat(64) } };
      const error = await failureOf(admin.create({ ...configMap(namespace, 'labelled'), metadata }));
      expect(error.evidence[0]).toMatch(/^metadata.labels: Invalid value: "x+": must be no more than 63/);
    });

    test.each([
      ['create', async () => await on().admin.create(configMap(on().namespace, 'odd', { dta: {} }))],
      ['merge patch', async () => await on().admin.mergePatch(ref('kube-odd'), { dta: {} })],
    ])('a field that the kind does not have is refused by name: %s', async (_, write) => {
      await on().admin.create(configMap(on().namespace, 'kube-odd'));
      const error = await failureOf(write());
      expect(error.failure).toBe('refused');
      expect(error.evidence.join('\n')).toMatch(/dta/);
    });

    test('a patch of a Secret that goes wrong shows nothing of it', async () => {
      const { admin, namespace } = on();
      const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'hidden' };
      const metadata = { name: 'hidden', namespace };
      await admin.create({
        ...configMap(namespace, 'hidden'),
        kind: 'Secret',
        metadata,
        data: { KEY: 'c2VjcmV0LXZhbHVl' },
      });
      for (const patch of [{ dta: {} }, { data: { KEY: 7 } }]) {
        const error = await failureOf(admin.mergePatch(secret, patch));
        expect(error.failure).toBe('refused');
        expect([error.message, error.hint, ...error.evidence].join()).not.toContain('c2VjcmV0');
      }
    });

    test('a key that a ConfigMap cannot have', async () => {
      const error = await failureOf(
        on().admin.create(configMap(on().namespace, 'keyed', { data: { 'a b': '' } })),
      );
      expect(error.evidence[0]).toMatch(
        /^data\[a b\]: Invalid value: "a b": a valid config key must consist of/,
      );
    });

    test('a value of the wrong type is refused', async () => {
      const error = await failureOf(
        on().admin.create(configMap(on().namespace, 'typed', { data: { a: 1 } })),
      );
      expect(error).toMatchObject({ failure: 'refused', status: 400 });
      expect(error.evidence[0]).toContain(
        'cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
      );
    });

    test('an object of another namespace is refused', async () => {
      const { raw, namespace } = on();
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const { status, body } = await raw({ method: 'POST', path, body: configMap('elsewhere', 'lost') });
      expect(status).toBe(400);
      expect(body.message).toBe(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    });

    test('a namespace that is not there is named', async () => {
      const error = await failureOf(on().admin.create(configMap('nowhere-at-all', 'lost')));
      expect(error.message).toBe('the namespace nowhere-at-all does not exist');
      expect(error.evidence[0]).toContain('namespaces "nowhere-at-all" not found');
    });
  });
}
