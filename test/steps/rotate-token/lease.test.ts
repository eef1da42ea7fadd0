import { beforeEach, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { createLog } from '../../../steps/lib/log.ts';
import type { Clock } from '../../../steps/lib/retry.ts';
import { nameHolder, withLease } from '../../../steps/rotate-token/lease.ts';

const log = createLog({ write: () => {}, env: {}, step: 'try' });
const query = {
  namespace: 'models',
  name: 'client-token',
  holder: 'me',
  holdMs: 600_000,
  waitMs: 60_000,
  pollMs: 1000,
};

/** One Lease with optimistic locking, and a clock that jumps. */
let lease: KubeObject | undefined;
let now: number;
let version: number;
beforeEach(() => {
  lease = undefined;
  now = Date.parse('2026-11-23T10:00:00Z');
  version = 0;
});

const store = (object: KubeObject): KubeObject => {
  version += 1;
  lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
  return lease;
};
const cluster = {
  get: async <T extends KubeObject>() => lease as T | undefined,
  create: async <T extends KubeObject>(object: KubeObject) => (lease ? undefined : (store(object) as T)),
  replace: async <T extends KubeObject>(object: KubeObject) =>
    object.metadata.resourceVersion === lease?.metadata.resourceVersion ? (store(object) as T) : undefined,
};
const clock: Clock = {
  now: () => now,
  sleep: async (ms) => {
    now += ms;
  },
};
const world = () => ({ cluster, log, clock, signal: new AbortController().signal });
const holder = () => (lease?.['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity;

function heldBy(holderIdentity: string, secondsAgo: number) {
  store({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'client-token', namespace: 'models' },
    spec: {
      holderIdentity,
      renewTime: new Date(now - secondsAgo * 1000).toISOString(),
      leaseDurationSeconds: 600,
    },
  });
}

test.each([
  ['a TaskRun', 'run-1', { KUBERNETES_SERVICE_HOST: '10.0.0.1', HOSTNAME: 'run-1-pod' }, 'run-1'],
  ['a pod', '', { KUBERNETES_SERVICE_HOST: '10.0.0.1', HOSTNAME: 'nightly-abcde' }, 'pod/nightly-abcde'],
  ['somebody’s own machine', '', { HOSTNAME: 'laptop' }, expect.stringMatching(/^by-hand-[0-9a-f]{8}$/)],
])('%s is its own holder', (_, taskRun, env, holder) => {
  expect(nameHolder(taskRun, env)).toEqual(holder);
});

describe('withLease', () => {
  test('holds the Lease while it works, and gives it back', async () => {
    const during = await withLease(query, world(), async () => holder());
    expect(during).toBe('me');
    expect(holder()).toBe('');
  });

  test('writes times as the API server wants them, in microseconds', async () => {
    await withLease(query, world(), async () => {});
    expect(lease?.['spec']).toMatchObject({
      acquireTime: '2026-11-23T10:00:00.000000Z',
      renewTime: '2026-11-23T10:00:00.000000Z',
      leaseDurationSeconds: 600,
    });
  });

  test('gives it back when the work fails', async () => {
    await expect(withLease(query, world(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(holder()).toBe('');
  });

  test.each([
    ['that was given back', '', 0],
    ['of ours, from a try before', 'me', 0],
    ['whose time is over', 'other', 631],
  ])('takes a Lease %s', async (_, before, age) => {
    heldBy(before, age);
    expect(await withLease({ ...query, waitMs: 0 }, world(), async () => holder())).toBe('me');
  });

  test('leaves one alone whose time is just over: clocks differ', async () => {
    heldBy('other', 620);
    await expect(withLease({ ...query, waitMs: 0 }, world(), async () => {})).rejects.toMatchObject({
      failure: 'not-ready',
      evidence: ['holderIdentity: other (Lease client-token, namespace models)'],
    });
    expect(holder()).toBe('other');
  });

  test('waits for the other to end', async () => {
    heldBy('other', 0);
    const patient: Clock = {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
        if (now > Date.parse('2026-11-23T10:00:05Z')) heldBy('', 0);
      },
    };
    expect(await withLease(query, { ...world(), clock: patient }, async () => holder())).toBe('me');
  });

  test('lets only one of two in when both see it free', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    const turns: Clock = { now: () => now, sleep: () => new Promise((resolve) => setImmediate(resolve)) };
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) =>
        withLease({ ...query, holder: name }, { ...world(), clock: turns }, work),
      ),
    );
    expect(most).toBe(1);
  });

  test('does not give back what another has taken meanwhile', async () => {
    await withLease(query, world(), async () => heldBy('other', 0));
    expect(holder()).toBe('other');
  });

  test('stops the work before another can take the Lease', async () => {
    const work = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    await expect(withLease({ ...query, holdMs: 20 }, world(), work)).rejects.toMatchObject({
      failure: 'not-ready',
      message: expect.stringContaining('has not ended within'),
    });
  });

  test('counts from its claim, also when an API server that was away took it late', async () => {
    const late = {
      ...cluster,
      create: async <T extends KubeObject>(object: KubeObject) => {
        now += 599_980;
        return store(object) as T;
      },
    };
    const work = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    await expect(withLease(query, { ...world(), cluster: late }, work)).rejects.toMatchObject({
      message: 'the rotation has not ended within 600 s',
    });
  });

  test.each([
    ['a TaskRun', 'rotate-token-x7k2p', 'tkn taskrun logs rotate-token-x7k2p -f -n models'],
    [
      'a pod of the CronJob',
      'pod/rotate-token-29384-abcde',
      'oc logs pod/rotate-token-29384-abcde -f -n models',
    ],
    ['somebody’s own machine', 'by-hand-1a2b3c4d', 'oc get lease client-token -n models -o yaml'],
  ])('says how to follow %s that holds it', async (_, other, hint) => {
    heldBy(other, 0);
    await expect(withLease({ ...query, waitMs: 0 }, world(), async () => {})).rejects.toMatchObject({
      hint: `${hint}   (then start this run again)`,
    });
  });

  test('stops the work when the step is stopped, and still gives the Lease back', async () => {
    const stop = new AbortController();
    const work = async (signal: AbortSignal) => {
      stop.abort(new Error('stopped by SIGTERM'));
      signal.throwIfAborted();
    };
    await expect(withLease(query, { ...world(), signal: stop.signal }, work)).rejects.toThrow('SIGTERM');
    expect(holder()).toBe('');
  });

  test('does not hide what the work gave when the Lease cannot be given back', async () => {
    const broken = { ...cluster, replace: () => Promise.reject(new Error('down')) };
    expect(await withLease(query, { ...world(), cluster: broken }, async () => 'done')).toBe('done');
  });
});
