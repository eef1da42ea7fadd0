import { describe, expect, test, vi } from 'vitest';
import { configMap, failureOf, type On } from './ground.ts';

/** Create, get, delete, and what an object carries. */
export function objectsContract(on: On): void {
  const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: on().namespace, name });

  describe('objects', () => {
    test('a created object has a uid, a version and a time; its twin is there already', async () => {
      const { admin, namespace } = on();
      const made = await admin.create(configMap(namespace, 'made', { data: { a: '1' } }));
      expect(made?.metadata).toMatchObject({ name: 'made', namespace });
      expect(made?.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(made?.metadata.resourceVersion).toMatch(/^\d+$/);
      expect(Date.parse(made?.metadata.creationTimestamp ?? '')).toBeGreaterThan(0);
      await expect(admin.create(configMap(namespace, 'made'))).resolves.toBeUndefined();
      await expect(admin.get(ref('made'))).resolves.toEqual(made);
    });

    test('an absent object is undefined', async () => {
      await expect(on().admin.get(ref('nobody'))).resolves.toBeUndefined();
    });

    test('two that create at once: one of them makes it', async () => {
      const { admin, namespace } = on();
      const made = await Promise.all([1, 2, 3, 4].map(() => admin.create(configMap(namespace, 'raced'))));
      expect(made.filter((one) => one !== undefined)).toHaveLength(1);
    });

    test('delete tells whether it was there, and only ends the one of that uid', async () => {
      const { admin, namespace } = on();
      const made = await admin.create(configMap(namespace, 'doomed'));
      await expect(admin.delete(ref('doomed'), { uid: 'another' })).resolves.toBe(false);
      await expect(admin.delete(ref('doomed'), { uid: made?.metadata.uid ?? '' })).resolves.toBe(true);
      await expect(admin.delete(ref('doomed'))).resolves.toBe(false);
    });

    test('the server says which uid it has', async () => {
      const { admin, namespace, raw } = on();
      const made = await admin.create(configMap(namespace, 'precise'));
      const path = `/api/v1/namespaces/${namespace}/configmaps/precise`;
      const { status, body } = await raw({
        method: 'DELETE',
        path,
        body: { preconditions: { uid: 'other' } },
      });
      expect(status).toBe(409);
      expect(body.message).toBe(
        `Operation cannot be fulfilled on ConfigMap "precise": the UID in the precondition (other) does not match the UID in record (${made?.metadata.uid}). The object might have been deleted and then recreated`,
      );
    });

    test('a finalizer keeps a deleted object until it is taken away', async () => {
      const { admin, namespace } = on();
      await admin.create({
        ...configMap(namespace, 'held'),
        metadata: { name: 'held', namespace, finalizers: ['llm-rollout.example.com/hold'] } as never,
      });
      await expect(admin.delete(ref('held'))).resolves.toBe(true);
      expect((await admin.get(ref('held')))?.metadata.deletionTimestamp).toBeDefined();
      await admin.mergePatch(ref('held'), { metadata: { finalizers: null } });
      await expect(admin.get(ref('held'))).resolves.toBeUndefined();
    });

    test('what an object owns goes with it', async () => {
      const { admin, namespace } = on();
      const owner = await admin.create(configMap(namespace, 'owner'));
      const { uid = '' } = owner?.metadata ?? {};
      await admin.create({
        ...configMap(namespace, 'owned'),
        metadata: {
          name: 'owned',
          namespace,
          ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }],
        },
      });
      await admin.delete(ref('owner'));
      await vi.waitFor(async () => expect(await admin.get(ref('owned'))).toBeUndefined(), {
        timeout: 15_000,
      });
    });

    test('only a change of what is wished raises the generation', async () => {
      const { admin, namespace } = on();
      const deployment = await admin.create(deploymentOf(namespace, 'counted'));
      expect(deployment?.metadata.generation).toBe(1);
      const place = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'counted' };
      const labelled = await admin.mergePatch(place, { metadata: { labels: { a: 'b' } } });
      expect(labelled.metadata.generation).toBe(1);
      const slower = await admin.mergePatch(place, { spec: { minReadySeconds: 1 } });
      expect(slower.metadata.generation).toBe(2);
    });

    test('status is written through its own path, and only there', async () => {
      const { admin, namespace, raw } = on();
      await admin.create(deploymentOf(namespace, 'reported'));
      const path = `/apis/apps/v1/namespaces/${namespace}/deployments/reported`;
      const patch = { method: 'PATCH', contentType: 'application/merge-patch+json' } as const;
      const ignored = await raw({ ...patch, path, body: { status: { observedGeneration: 7 } } });
      expect(ignored.body['status']).not.toMatchObject({ observedGeneration: 7 });
      const written = await raw({
        ...patch,
        path: `${path}/status`,
        body: { status: { observedGeneration: 8 }, spec: { replicas: 9 } },
      });
      expect(written.body).toMatchObject({ status: { observedGeneration: 8 }, spec: { replicas: 0 } });
    });

    test('stringData of a Secret becomes data; an immutable one stays as it is', async () => {
      const { admin, namespace } = on();
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'kept', namespace },
        stringData: { KEY: 'value' },
        immutable: true,
      };
      const made = await admin.create(secret);
      expect(made).toMatchObject({ data: { KEY: 'dmFsdWU=' }, type: 'Opaque' });
      expect(made).not.toHaveProperty('stringData');
      const change = admin.mergePatch({ ...ref('kept'), kind: 'Secret' }, { data: { KEY: 'b3RoZXI=' } });
      const error = await failureOf(change);
      expect(error.evidence[0]).toContain('data: Forbidden: field is immutable when `immutable` is set');
    });

    test('a namespace on its way out takes nothing new', async () => {
      const { admin, makeNamespace } = on();
      const name = await makeNamespace();
      const metadata = { name: 'anchor', namespace: name, finalizers: ['llm-rollout.example.com/hold'] };
      await admin.create({ ...configMap(name, 'anchor'), metadata });
      await admin.delete({ apiVersion: 'v1', kind: 'Namespace', name });
      const error = await failureOf(admin.create(configMap(name, 'late')));
      expect(error.message).toBe(`the namespace ${name} is being deleted`);
      await admin.mergePatch(
        { apiVersion: 'v1', kind: 'ConfigMap', namespace: name, name: 'anchor' },
        { metadata: { finalizers: null } },
      );
    });
  });
}

const deploymentOf = (namespace: string, name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'localhost/nothing:1' }] },
    },
  },
});
