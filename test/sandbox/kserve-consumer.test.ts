import { expect, test } from 'vitest';
import { isReady } from '../../sandbox/kserve/objects.ts';
import type { Pod } from '../../sandbox/kserve/objects.ts';
import { main, useHarness, waiting } from './kserve-harness.ts';

const harness = useHarness();

test('a consumer’s pod reads its Secret at its start, and again after a restart', async () => {
  const { until, cluster, kserve } = await harness();
  const { controllers } = cluster;
  controllers.put(secret('one'));
  controllers.put(consumer);
  const pods = () =>
    controllers.list({ apiVersion: 'v1', kind: 'Pod', labelSelector: 'app=librechat' }) as Pod[];
  const key = (pod: Pod) =>
    kserve.environment({ namespace: 'default', name: pod.metadata.name }, 'librechat')?.['KEY'];
  const first = await until(() => pods().find(isReady));
  expect(key(first)).toBe('one');
  controllers.put(secret('two'));
  expect(key(first)).toBe('one');
  controllers.update({ apiVersion: 'apps/v1', kind: 'Deployment', ...consumer.metadata }, (draft) => {
    draft['spec'] = {
      ...consumer.spec,
      template: {
        ...consumer.spec.template,
        metadata: { labels: { app: 'librechat' }, annotations: { restartedAt: '1' } },
      },
    };
  });
  const second = await until(() =>
    pods().find((pod) => isReady(pod) && pod.metadata.uid !== first.metadata.uid),
  );
  expect(key(second)).toBe('two');
  await until(() => pods().length === 1);
});

test('a consumer whose Secret is not there waits with its name', async () => {
  const { until, cluster } = await harness();
  cluster.controllers.put(consumer);
  const pods = () =>
    cluster.controllers.list({ apiVersion: 'v1', kind: 'Pod', labelSelector: 'app=librechat' }) as Pod[];
  await until(() => waiting(pods()) === 'CreateContainerConfigError');
  expect(main(pods()[0])?.state.waiting?.message).toBe('secret "credentials" not found');
});

const consumer = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'librechat', namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'librechat' } },
    template: {
      metadata: { labels: { app: 'librechat' } },
      spec: {
        containers: [
          {
            name: 'librechat',
            image: 'ghcr.io/danny-avila/librechat:latest',
            envFrom: [{ secretRef: { name: 'credentials' } }],
          },
        ],
      },
    },
  },
};

function secret(value: string) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'credentials', namespace: 'default' },
    type: 'Opaque',
    data: { KEY: btoa(value) },
  };
}
