import { describe, expect, test } from 'vitest';
import {
  holdsOlder,
  labelSelector,
  type Pod,
  podTroubles,
  progressOf,
  unrestartable,
  usesSecret,
  type Workload,
} from '../../../steps/rotate-token/workloads.ts';

type PodSpec = NonNullable<Workload['spec']['template']['spec']>;

const workload = (
  spec: Partial<Workload['spec']>,
  kind = 'Deployment',
  status: Workload['status'] = {},
): Workload => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'librechat', namespace: 'librechat', generation: 2 },
  spec: { selector: {}, template: {}, ...spec },
  status,
});
const using = (spec: PodSpec) => workload({ template: { spec } });

describe('usesSecret', () => {
  test.each<[string, PodSpec]>([
    ['all of its environment', { containers: [{ envFrom: [{ secretRef: { name: 'env' } }] }] }],
    ['one variable', { containers: [{ env: [{ valueFrom: { secretKeyRef: { name: 'env' } } }] }] }],
    ['an init container', { initContainers: [{ envFrom: [{ secretRef: { name: 'env' } }] }] }],
    ['the second container', { containers: [{}, { envFrom: [{}, { secretRef: { name: 'env' } }] }] }],
    ['a volume', { volumes: [{}, { secret: { secretName: 'env' } }] }],
    ['a projected volume', { volumes: [{ projected: { sources: [{}, { secret: { name: 'env' } }] } }] }],
  ])('sees a use by %s', (_, spec) => {
    expect(usesSecret(using(spec), 'env')).toBe(true);
    expect(usesSecret(using(spec), 'other')).toBe(false);
  });

  test('sees none where there is none', () => {
    expect(usesSecret(workload({}), 'env')).toBe(false);
    expect(usesSecret(using({ containers: [{ env: [{}] }] }), 'env')).toBe(false);
  });
});

test.each([
  [{ matchLabels: { app: 'x', tier: 'y' } }, 'app=x,tier=y'],
  [
    {
      matchLabels: { app: 'x' },
      matchExpressions: [
        { key: 'a', operator: 'In', values: ['1', '2'] },
        { key: 'b', operator: 'NotIn', values: ['3'] },
        { key: 'c', operator: 'Exists' },
        { key: 'd', operator: 'DoesNotExist' },
      ],
    },
    'app=x,a in (1,2),b notin (3),c,!d',
  ],
  [{}, ''],
])('the selector %j is %s', (selector, text) => {
  expect(labelSelector(selector)).toBe(text);
});

test.each<[Partial<Workload['spec']>, string, string | undefined]>([
  [{}, 'Deployment', undefined],
  [{ replicas: 2 }, 'StatefulSet', undefined],
  [{ paused: true }, 'Deployment', 'it is paused'],
  [{ replicas: 0 }, 'Deployment', 'it is scaled to 0'],
  [{ updateStrategy: { type: 'OnDelete' } }, 'StatefulSet', 'its update strategy is OnDelete'],
  [{ updateStrategy: { type: 'OnDelete' } }, 'DaemonSet', 'its update strategy is OnDelete'],
  [{ updateStrategy: { type: 'RollingUpdate' } }, 'DaemonSet', undefined],
  [{ updateStrategy: { rollingUpdate: { partition: 0 } } }, 'StatefulSet', undefined],
  [
    { updateStrategy: { rollingUpdate: { partition: 2 } } },
    'StatefulSet',
    'its partition leaves 2 pods as they are',
  ],
])('%j of a %s cannot be restarted because %s', (spec, kind, why) => {
  expect(unrestartable(workload(spec, kind))).toBe(why);
});

describe('progressOf', () => {
  const done = {
    observedGeneration: 2,
    replicas: 2,
    updatedReplicas: 2,
    availableReplicas: 2,
    readyReplicas: 2,
  };
  const everywhere = {
    observedGeneration: 2,
    desiredNumberScheduled: 3,
    currentNumberScheduled: 3,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  };

  test.each<[string, Workload['status'], unknown]>([
    ['Deployment', done, 'done'],
    ['StatefulSet', done, 'done'],
    ['Deployment', {}, { waiting: 'its controller has not seen the change' }],
    ['Deployment', { ...done, observedGeneration: 1 }, { waiting: 'its controller has not seen the change' }],
    ['Deployment', { ...done, updatedReplicas: 1 }, { waiting: '1 of 2 pods are new' }],
    ['Deployment', { ...done, replicas: 3 }, { waiting: '1 old pods are left' }],
    ['Deployment', { ...done, availableReplicas: 1 }, { waiting: '1 of 2 pods are ready' }],
    ['StatefulSet', { ...done, availableReplicas: 0 }, 'done'],
    ['StatefulSet', { ...done, readyReplicas: 0 }, { waiting: '0 of 2 pods are ready' }],
    ['DaemonSet', everywhere, 'done'],
    ['DaemonSet', { ...everywhere, updatedNumberScheduled: 2 }, { waiting: '2 of 3 pods are new' }],
    ['DaemonSet', { ...everywhere, numberAvailable: 0 }, { waiting: '0 of 3 pods are ready' }],
    [
      'Deployment',
      {
        ...done,
        updatedReplicas: 1,
        conditions: [
          { type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'timed out' },
        ],
      },
      { failed: 'ProgressDeadlineExceeded: timed out' },
    ],
    ['Deployment', { ...done, conditions: [{ type: 'Progressing', status: 'True' }] }, 'done'],
  ])('of a %s with %j is %j', (kind, status, progress) => {
    expect(progressOf(workload({ replicas: 2 }, kind, status))).toEqual(progress);
  });

  test('takes one replica where none is written', () => {
    const status = { ...done, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    expect(progressOf(workload({}, 'Deployment', status))).toBe('done');
  });
});

describe('pods', () => {
  const written = new Date('2026-11-23T10:00:00.500Z');
  const pod = (
    creationTimestamp: string,
    over: Partial<Pod['metadata']> = {},
    status: Pod['status'] = {},
  ): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', creationTimestamp, ...over },
    status,
  });

  test.each([
    ['an older one', [pod('2026-11-23T09:59:59Z')], true],
    ['one of the same second', [pod('2026-11-23T10:00:00Z')], true],
    ['a newer one', [pod('2026-11-23T10:00:01Z')], false],
    ['one of each', [pod('2026-11-23T10:00:01Z'), pod('2026-11-23T09:00:00Z')], true],
    [
      'an older one that is going',
      [pod('2026-11-23T09:00:00Z', { deletionTimestamp: '2026-11-23T10:00:00Z' })],
      false,
    ],
    ['an older one that is over', [pod('2026-11-23T09:00:00Z', {}, { phase: 'Succeeded' })], false],
    ['none', [], false],
  ])('hold the token before: %s', (_, pods, older) => {
    expect(holdsOlder(pods, written)).toBe(older);
  });

  test('say what keeps them from starting', () => {
    const waiting = (reason: string, message?: string) => ({
      name: 'app',
      state: { waiting: { reason, ...(message && { message }) } },
    });
    const pods = [
      pod(
        'x',
        {},
        { containerStatuses: [waiting('ImagePullBackOff', 'no such image'), waiting('ContainerCreating')] },
      ),
      pod('x', {}, { containerStatuses: [{ name: 'app', state: {} }] }),
      pod('x'),
    ];
    expect(podTroubles(pods)).toEqual(['ImagePullBackOff: no such image (pod p, container app)']);
  });
});
