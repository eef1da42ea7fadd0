import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { failureOf, type On } from './ground.ts';

/** The CRDs of KServe: merging, pruning, checking, schema. Where KServe runs, its webhooks and its controller have their say too. */
export function kserveContract(on: On): void {
  const service = (name: string, model: object, predictor: object = {}) => ({
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name, namespace: on().namespace },
    spec: { predictor: { ...predictor, model: { modelFormat: { name: 'vLLM' }, ...model } } },
  });
  const runtime = (name: string, spec: object) => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { name, namespace: on().namespace },
    spec: { containers: [{ name: 'kserve-container', image: 'model' }], ...spec },
  });
  const us = { fieldManager: 'llm-rollout' };
  const them = { fieldManager: 'dashboard' };

  describe('InferenceServices', () => {
    test('another manager of runtime and path is named with both fields', async () => {
      const { admin } = on();
      const storage = { key: 'models', path: 'gpt/abc/' };
      await admin.apply(service('disputed', { runtime: 'one', storage }), us);
      const change = service('disputed', { runtime: 'two', storage: { key: 'models', path: 'gpt/def/' } });
      const error = await failureOf(admin.apply(change, them));
      expect(error.message).toBe(
        `llm-rollout owns fields of InferenceService ${on().namespace}/disputed that we want to set`,
      );
      expect(error.conflicts).toEqual([
        { manager: 'llm-rollout', field: '.spec.predictor.model.runtime' },
        { manager: 'llm-rollout', field: '.spec.predictor.model.storage.path' },
      ]);
    });

    test('variables merge by name; arguments and tolerations are one value each', async () => {
      const { admin } = on();
      const tolerations = (key: string) => ({ tolerations: [{ key, operator: 'Exists' }] });
      await admin.apply(
        service('lists', { env: [{ name: 'A', value: '1' }], args: ['--a'] }, tolerations('gpu')),
        us,
      );
      const both = await admin.apply(service('lists', { env: [{ name: 'B', value: '2' }] }), them);
      expect(both).toMatchObject({
        spec: { predictor: { model: { args: ['--a'], env: [{ name: 'A' }, { name: 'B' }] } } },
      });
      const change = service('lists', { args: ['--b'] }, tolerations('other'));
      const error = await failureOf(admin.apply(change, them));
      expect(error.conflicts.map(({ field }) => field).sort()).toEqual([
        '.spec.predictor.model.args',
        '.spec.predictor.tolerations',
      ]);
    });

    test('the generation counts what is wished, and an apply of the same is nothing', async () => {
      const { admin } = on();
      const first = await admin.apply(service('counted', { runtime: 'one' }), us);
      expect(first.metadata.generation).toBe(1);
      const same = await admin.apply(service('counted', { runtime: 'one' }), us);
      // Not even the time of our last write; the version is also the controller's, who writes the status.
      expect(ownedBy(us.fieldManager, same)).toEqual(ownedBy(us.fieldManager, first));
      expect(same.metadata.generation).toBe(1);
      const changed = await admin.apply(service('counted', { runtime: 'two' }), us);
      expect(changed.metadata.generation).toBe(2);
    });

    test.each([
      ['create', async () => await on().admin.create(service('odd', { modell: 'x' }))],
      ['apply', async () => await on().admin.apply(service('odd', { modell: 'x' }), us)],
    ])('a field that the CRD does not have is refused: %s', async (_, write) => {
      const error = await failureOf(write());
      expect(error.failure).toBe('refused');
      expect(error.evidence[0]).toMatch(/^spec\.predictor\.model\.modell: /);
    });

    test('a variable that is there twice is refused by apply', async () => {
      const env = [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ];
      const error = await failureOf(on().admin.apply(service('twice', { env }), us));
      expect(error.failure).toBe('refused');
      expect(error.evidence[0]).toContain('.spec.predictor.model.env: duplicate entries for key [name="A"]');
    });

    test('a value of the wrong type names field and type', async () => {
      const error = await failureOf(on().admin.create(runtime('typed', { replicas: 'two' })));
      expect(error).toMatchObject({ status: 422, reason: 'Invalid' });
      expect(error.evidence[0]).toMatch(
        /^spec\.replicas: Invalid value: "string": spec\.replicas in body must be of type integer: "string"/,
      );
    });

    test('of an InferenceService the webhook for defaults says it first, in the words of Go', async () => {
      const error = await failureOf(on().admin.create(service('odd', { env: 'A=1' })));
      expect(error).toMatchObject({ failure: 'refused', status: 400 });
      expect(error.evidence[0]).toMatch(
        /admission webhook "inferenceservice\.kserve-webhook-server\.defaulter" denied the request: json: cannot unmarshal string into Go struct field \S+\.env of type \[\]/,
      );
    });

    test('what is required is named', async () => {
      const error = await failureOf(on().admin.create(runtime('empty', { containers: undefined })));
      expect(error.evidence[0]).toMatch(/^spec\.containers: Required value/);
    });

    test('a replace must name its version', async () => {
      const { admin } = on();
      await admin.create(service('replaced', {}));
      const error = await failureOf(admin.replace(service('replaced', {})));
      expect(error.evidence[0]).toMatch(
        /^metadata\.resourceVersion: Invalid value: 0: must be specified for an update/,
      );
    });

    test('list items of a CRD carry their kind', async () => {
      const { admin, raw, namespace } = on();
      await admin.create(service('listed', {}));
      const path = `/apis/serving.kserve.io/v1beta1/namespaces/${namespace}/inferenceservices`;
      const { body } = await raw({ method: 'GET', path });
      expect((body['items'] as object[])[0]).toMatchObject({ kind: 'InferenceService' });
    });

    test('the schema tells what this KServe can do', async () => {
      const document = await on().admin.openApi('apis/serving.kserve.io/v1beta1');
      const { schemas } = (document as { components: { schemas: Record<string, unknown> } }).components;
      expect(schemas['io.kserve.serving.v1beta1.InferenceService']).toMatchObject({
        properties: {
          spec: {
            properties: {
              canary: { type: 'array' },
              predictor: {
                properties: {
                  storageUris: { type: 'array' },
                  model: {
                    properties: {
                      env: { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] },
                    },
                  },
                },
              },
            },
          },
          status: { properties: { canaryStatuses: { type: 'array' } } },
        },
      });
    });

    test('a group version that is not served has no schema', async () => {
      const error = await failureOf(on().admin.openApi('apis/serving.kserve.io/v9'));
      expect(error.message).toBe('KServe is not installed, or v9 is not served');
    });
  });
}

const ownedBy = (manager: string, { metadata }: KubeObject) => {
  const entries =
    metadata.managedFields?.filter((entry) => (entry as { manager: string }).manager === manager) ?? [];
  expect(entries).toHaveLength(1);
  return entries;
};
