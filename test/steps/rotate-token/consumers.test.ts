import { beforeEach, describe, expect, test } from 'vitest';
import type { Cluster, KubeObject, ListQuery, ObjectRef } from '../../../steps/lib/cluster.ts';
import { createLog } from '../../../steps/lib/log.ts';
import type { Clock } from '../../../steps/lib/retry.ts';
import { restartConsumers } from '../../../steps/rotate-token/consumers.ts';

const written = new Date('2026-11-23T10:00:00.200Z');
const restart = { namespace: 'clients', secret: 'env', written, timeoutMs: 60_000 };
const done = {
  observedGeneration: 9,
  replicas: 1,
  updatedReplicas: 1,
  availableReplicas: 1,
  readyReplicas: 1,
};

const givenUp = {
  ...done,
  conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'late' }],
};

let objects: KubeObject[];
let patched: { name: string; at: string }[];
let lines: string[];
let now: number;
/** What becomes of a workload's status when it is restarted. */
let afterRestart: Map<string, object>;
beforeEach(() => {
  objects = [];
  afterRestart = new Map();
  patched = [];
  lines = [];
  now = written.getTime() + 50;
});

/** Its timers end a moment early, as real ones may. */
const clock: Clock = {
  now: () => now,
  sleep: async (ms) => {
    now += Math.max(1, ms - 1);
  },
};

function workload(name: string, over: { kind?: string; spec?: object; status?: object } = {}) {
  const { kind = 'Deployment', spec = {}, status = done } = over;
  const template = { spec: { containers: [{ envFrom: [{ secretRef: { name: 'env' } }] }] } };
  objects.push({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'clients', generation: 2 },
    spec: { selector: { matchLabels: { app: name } }, template, ...spec },
    status,
  });
}

function pod(app: string, creationTimestamp: string, status: object = {}) {
  objects.push({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${app}-x`, namespace: 'clients', creationTimestamp, labels: { app } },
    status,
  });
}

const cluster: Pick<Cluster, 'get' | 'list' | 'mergePatch'> = {
  get: async <T extends KubeObject>({ kind, name }: ObjectRef) =>
    objects.find((each) => each.kind === kind && each.metadata.name === name) as T | undefined,
  list: async <T extends KubeObject>({ kind, labelSelector = '' }: ListQuery) =>
    objects.filter(
      (each) =>
        each.kind === kind &&
        (labelSelector === '' || `app=${each.metadata.labels?.['app']}` === labelSelector),
    ) as T[],
  mergePatch: async <T extends KubeObject>({ name }: ObjectRef, patch: object) => {
    const text = JSON.stringify(patch);
    const found = objects.find(({ metadata }) => metadata.name === name);
    if (found && afterRestart.has(name)) Object.assign(found, { status: afterRestart.get(name) });
    patched.push({ name, at: /"kubectl.kubernetes.io\/restartedAt":"([^"]+)"/.exec(text)?.[1] ?? '' });
    return {} as T;
  },
};

const run = (over: Partial<typeof restart> = {}, api = cluster) =>
  restartConsumers(
    { ...restart, ...over },
    {
      cluster: api,
      clock,
      log: createLog({ write: (line) => lines.push(line), env: {}, step: 'try' }),
      signal: new AbortController().signal,
    },
  );

describe('restartConsumers', () => {
  test('restarts each kind that uses the Secret and is older, in a later second than the write', async () => {
    for (const [kind, name] of [
      ['Deployment', 'a'],
      ['StatefulSet', 'b'],
      ['DaemonSet', 'c'],
    ] as const) {
      workload(name, { kind });
      pod(name, '2026-11-23T09:00:00Z');
    }
    expect(await run()).toEqual({ restarted: 3, left: 0 });
    expect(patched.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    for (const { at } of patched)
      expect(Date.parse(at)).toBeGreaterThanOrEqual(Date.parse('2026-11-23T10:00:01Z'));
  });

  test('never writes the moment of a restart that the template has already: it would restart nothing', async () => {
    workload('web');
    pod('web', '2026-11-23T09:00:00Z');
    await run();
    const { at = '' } = patched[0] ?? {};
    Object.assign(objects[0]?.['spec'] ?? {}, {
      template: {
        metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } },
        spec: { containers: [{ envFrom: [{ secretRef: { name: 'env' } }] }] },
      },
    });
    now = written.getTime() + 50;
    await run();
    expect(patched.map((each) => each.at)).toEqual([at, new Date(Date.parse(at) + 1).toISOString()]);
  });

  test('leaves alone what is newer, and what does not use the Secret', async () => {
    workload('newer');
    pod('newer', '2026-11-23T10:00:01Z');
    workload('other', { spec: { template: { spec: { containers: [{}] } } } });
    pod('other', '2026-11-23T09:00:00Z');
    expect(await run()).toEqual({ restarted: 0, left: 0 });
    expect(patched).toEqual([]);
  });

  test('says when nothing uses the Secret', async () => {
    expect(await run()).toEqual({ restarted: 0, left: 0 });
    expect(lines.join('')).toBe('warn nothing uses the Secret  secret=env namespace=clients\n');
  });

  test('says what it cannot restart, and how much of it is left with an older token', async () => {
    workload('paused', { spec: { paused: true } });
    pod('paused', '2026-11-23T09:00:00Z');
    expect(await run()).toEqual({ restarted: 0, left: 1 });
    expect(lines.join('')).toContain(
      'warn cannot restart  workload=deployment/paused because="it is paused"',
    );
  });

  test('waits no longer than it may, and says what holds the pods up', async () => {
    workload('slow');
    afterRestart.set('slow', { ...done, updatedReplicas: 0 });
    pod('slow', '2026-11-23T09:00:00Z', {
      containerStatuses: [{ name: 'app', state: { waiting: { reason: 'ErrImagePull', message: 'no' } } }],
    });
    await expect(run()).rejects.toMatchObject({
      failure: 'not-ready',
      message: 'deployment/slow does not come back after its restart',
      evidence: [
        '0 of 1 pods are new (status of deployment/slow)',
        'ErrImagePull: no (pod slow-x, container app)',
      ],
      hint: expect.stringContaining('oc rollout status deployment/slow -n clients'),
    });
    expect(now - written.getTime()).toBeLessThan(70_000);
  });

  test('does not wait for what its controller has given up', async () => {
    workload('dead');
    afterRestart.set('dead', givenUp);
    pod('dead', '2026-11-23T09:00:00Z');
    await expect(run()).rejects.toMatchObject({
      evidence: ['ProgressDeadlineExceeded: late (status of deployment/dead)'],
    });
    expect(now - written.getTime()).toBeLessThan(5000);
  });

  describe('of what did not run before', () => {
    const halfNew = { ...done, replicas: 2, availableReplicas: 1 };

    test('waits as for all else, for the token before may be why', async () => {
      workload('web', { status: { ...done, availableReplicas: 0 } });
      pod('web', '2026-11-23T09:00:00Z');
      afterRestart.set('web', done);
      expect(await run()).toEqual({ restarted: 1, left: 0 });
      expect(lines.join('')).not.toContain('warn');
    });

    test('only warns when it still does not run, and the rest is restarted', async () => {
      workload('broken', { status: halfNew });
      pod('broken', '2026-11-23T09:00:00Z');
      workload('web');
      pod('web', '2026-11-23T09:00:00Z');
      expect(await run()).toEqual({ restarted: 2, left: 1 });
      expect(lines.join('')).toContain(
        'warn did not run before its restart, and does not now  workload=deployment/broken because="1 old pods are left"',
      );
    });

    test('does not wait at all when its controller had given it up', async () => {
      workload('forgotten', { status: givenUp });
      pod('forgotten', '2026-11-23T09:00:00Z');
      expect(await run()).toEqual({ restarted: 1, left: 1 });
      expect(patched.map(({ name }) => name)).toEqual(['forgotten']);
      expect(now - written.getTime()).toBeLessThan(2000);
    });

    test('has nothing left with an older token once its older pods are gone', async () => {
      workload('forgotten', { status: givenUp });
      pod('forgotten', '2026-11-23T09:00:00Z');
      const gone = {
        ...cluster,
        mergePatch: async <T extends KubeObject>() => {
          objects = objects.filter(({ kind }) => kind !== 'Pod');
          return {} as T;
        },
      };
      expect(await run({}, gone)).toEqual({ restarted: 1, left: 0 });
    });
  });

  test('knows the volume that two pods want at once', async () => {
    workload('disk');
    afterRestart.set('disk', { ...done, updatedReplicas: 0 });
    pod('disk', '2026-11-23T09:00:00Z');
    objects.push({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'clients' },
      reason: 'FailedAttachVolume',
      message: 'Multi-Attach error for volume "pvc-1"',
      involvedObject: { name: 'disk-x' },
    });
    await expect(run()).rejects.toMatchObject({
      evidence: expect.arrayContaining([
        'FailedAttachVolume: Multi-Attach error for volume "pvc-1" (event of pod disk-x)',
      ]),
      hint: expect.stringContaining('"type":"Recreate"'),
    });
  });

  test('says that it was deleted meanwhile', async () => {
    workload('gone');
    pod('gone', '2026-11-23T09:00:00Z');
    const vanishing = { ...cluster, get: async () => undefined };
    await expect(
      restartConsumers(restart, {
        cluster: vanishing,
        clock,
        log: createLog({ write: () => {}, env: {}, step: 'try' }),
        signal: new AbortController().signal,
      }),
    ).rejects.toMatchObject({ message: 'deployment/gone was deleted while it restarted' });
  });
});
