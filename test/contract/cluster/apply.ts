import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { configMap, failureOf, type On } from './ground.ts';

/** Server-side apply: who owns what, and who may take it. */
export function applyContract(on: On): void {
  const map = (name: string, data: Record<string, string>) => configMap(on().namespace, name, { data });
  const us = { fieldManager: 'llm-rollout' };
  const them = { fieldManager: 'dashboard' };

  describe('server-side apply', () => {
    test('creates, and notes the owner of every field', async () => {
      const made = await on().admin.apply(map('owned-fields', { a: '1' }), us);
      expect(made.metadata.managedFields).toMatchObject([
        {
          manager: 'llm-rollout',
          operation: 'Apply',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:a': {} } },
        },
      ]);
    });

    test('the same again changes nothing, not even the version', async () => {
      const { admin } = on();
      const first = await admin.apply(map('steady', { a: '1' }), us);
      const second = await admin.apply(map('steady', { a: '1' }), us);
      expect(second).toEqual(first);
    });

    test('managers of different fields do not meet', async () => {
      const { admin } = on();
      await admin.apply(map('shared', { a: '1' }), us);
      const both = await admin.apply(map('shared', { b: '2' }), them);
      expect(both['data']).toEqual({ a: '1', b: '2' });
    });

    test('a field of another is a conflict that names field and owner, and nothing is written', async () => {
      const { admin } = on();
      await admin.apply(map('disputed', { a: '1', b: '1' }), them);
      const error = await failureOf(admin.apply(map('disputed', { a: '2', b: '2', c: '2' }), us));
      expect(error).toMatchObject({ failure: 'refused', status: 409, reason: 'Conflict' });
      expect(error.conflicts).toEqual([
        { manager: 'dashboard', field: '.data.a' },
        { manager: 'dashboard', field: '.data.b' },
      ]);
      const kept = await admin.get({
        ...configMap(on().namespace, 'disputed'),
        name: 'disputed',
        namespace: on().namespace,
      });
      expect(kept?.['data']).toEqual({ a: '1', b: '1' });
    });

    test('the server says it in these words', async () => {
      const { admin, raw, namespace } = on();
      await admin.apply(map('worded', { a: '1', b: '1' }), them);
      const send = async (data: Record<string, string>) =>
        await raw({
          method: 'PATCH',
          path: `/api/v1/namespaces/${namespace}/configmaps/worded?fieldManager=us`,
          contentType: 'application/apply-patch+yaml',
          body: map('worded', data),
        });
      const one = await send({ a: '2' });
      expect(one.body.message).toBe('Apply failed with 1 conflict: conflict with "dashboard": .data.a');
      expect(one.body.details).toEqual({
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "dashboard"', field: '.data.a' }],
      });
      const two = await send({ a: '2', b: '2' });
      expect(two.body.message).toBe(
        'Apply failed with 2 conflicts: conflicts with "dashboard":\n- .data.a\n- .data.b',
      );
    });

    test('force takes the field, and the other no longer owns it', async () => {
      const { admin } = on();
      await admin.apply(map('taken', { a: '1', b: '1' }), them);
      const taken = await admin.apply(map('taken', { a: '2' }), { ...us, force: true });
      expect(taken['data']).toEqual({ a: '2', b: '1' });
      expect(fieldsOf(taken, 'dashboard')).toEqual({ 'f:data': { 'f:b': {} } });
    });

    test('two that say the same own it together; it stays until the last one drops it', async () => {
      const { admin } = on();
      await admin.apply(map('joint', { a: '1', b: '1' }), us);
      await admin.apply(map('joint', { a: '1' }), them);
      const left = await admin.apply(map('joint', {}), us);
      expect(left['data']).toEqual({ a: '1' });
      const bare = await admin.apply(configMap(on().namespace, 'joint'), them);
      expect(bare['data'] ?? {}).toEqual({});
    });

    test('someone who updates owns what he changed; his conflict names him without the rest', async () => {
      const { admin, raw, namespace } = on();
      await admin.apply(map('edited', { a: '1', b: '1' }), us);
      await raw({
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/configmaps/edited?fieldManager=kubectl-edit`,
        contentType: 'application/merge-patch+json',
        body: { data: { a: '9' } },
      });
      const error = await failureOf(admin.apply(map('edited', { a: '1', b: '1' }), us));
      expect(error.conflicts).toEqual([{ manager: 'kubectl-edit', field: '.data.a' }]);
      expect(error.evidence[0]).toMatch(/^\.data\.a is owned by "kubectl-edit" using v1 \(/);
    });

    test('a dry run shows the result and keeps nothing', async () => {
      const { admin } = on();
      const place = { apiVersion: 'v1', kind: 'ConfigMap', namespace: on().namespace };
      const would = await admin.apply(map('imagined', { a: '1' }), { ...us, dryRun: true });
      expect(would['data']).toEqual({ a: '1' });
      await expect(admin.get({ ...place, name: 'imagined' })).resolves.toBeUndefined();
      const real = await admin.apply(map('imagined', { a: '1' }), us);
      const changed = await admin.apply(map('imagined', { a: '2' }), { ...us, dryRun: true });
      expect(changed['data']).toEqual({ a: '2' });
      expect(changed.metadata.resourceVersion).toBe(real.metadata.resourceVersion);
      await expect(admin.get({ ...place, name: 'imagined' })).resolves.toEqual(real);
    });

    test('a dry run meets conflicts too', async () => {
      const { admin } = on();
      await admin.apply(map('foreseen', { a: '1' }), them);
      const error = await failureOf(admin.apply(map('foreseen', { a: '2' }), { ...us, dryRun: true }));
      expect(error.conflicts).toEqual([{ manager: 'dashboard', field: '.data.a' }]);
    });

    test('without a manager there is no apply', async () => {
      const { raw, namespace } = on();
      const { status, body } = await raw({
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/configmaps/anonymous`,
        contentType: 'application/apply-patch+yaml',
        body: map('anonymous', {}),
      });
      expect(status).toBe(422);
      expect(body.message).toBe(
        'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      );
    });

    test('a field that the kind does not have is refused by name', async () => {
      const error = await failureOf(
        on().admin.apply(configMap(on().namespace, 'odd-apply', { dta: {} }), us),
      );
      expect(error.failure).toBe('refused');
      expect(error.evidence[0]).toMatch(/^dta: /);
    });

    test('containers and variables merge by name, arguments are one value', async () => {
      const { admin, namespace } = on();
      const deployment = (container: object) => deploymentOf(namespace, 'merged-lists', [container]);
      await admin.apply(
        deployment({ name: 'main', image: 'a', args: ['--x'], env: [{ name: 'A', value: '1' }] }),
        us,
      );
      const both = await admin.apply(
        deploymentOf(namespace, 'merged-lists', [
          { name: 'main', env: [{ name: 'B', value: '2' }] },
          { name: 'side', image: 'b' },
        ]),
        them,
      );
      const { containers } = (both['spec'] as Template).template.spec;
      expect(containers.map(({ name }) => name)).toEqual(['main', 'side']);
      expect(containers[0]?.env).toEqual([
        { name: 'A', value: '1' },
        { name: 'B', value: '2' },
      ]);
      const error = await failureOf(
        admin.apply(
          deployment({ name: 'main', args: ['--x', '--y'], env: [{ name: 'A', value: '2' }] }),
          them,
        ),
      );
      expect(error.conflicts).toEqual([
        { manager: 'llm-rollout', field: '.spec.template.spec.containers[name="main"].args' },
        { manager: 'llm-rollout', field: '.spec.template.spec.containers[name="main"].env[name="A"].value' },
      ]);
      const less = await admin.apply(deployment({ name: 'main', image: 'a', env: [] }), us);
      expect((less['spec'] as Template).template.spec.containers[0]).not.toHaveProperty('args');
      expect((less['spec'] as Template).template.spec.containers[0]?.env).toEqual([
        { name: 'B', value: '2' },
      ]);
    });

    test('ports are found by number and protocol', async () => {
      const { admin, namespace } = on();
      const withPort = (port: object) =>
        deploymentOf(namespace, 'ports', [{ name: 'main', image: 'a', ports: [port] }]);
      await admin.apply(withPort({ containerPort: 8080, name: 'http' }), us);
      const error = await failureOf(admin.apply(withPort({ containerPort: 8080, name: 'web' }), them));
      expect(error.conflicts).toEqual([
        {
          manager: 'llm-rollout',
          field: '.spec.template.spec.containers[name="main"].ports[containerPort=8080,protocol="TCP"].name',
        },
      ]);
    });
  });
}

interface Template {
  readonly template: { readonly spec: { readonly containers: readonly { name: string; env?: unknown }[] } };
}

const fieldsOf = (object: KubeObject, manager: string): unknown =>
  (object.metadata.managedFields as { manager: string; fieldsV1: unknown }[]).find(
    (one) => one.manager === manager,
  )?.fieldsV1;

const deploymentOf = (namespace: string, name: string, containers: object[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers } },
  },
});
