import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SandboxCluster, startCluster } from '../../../sandbox/cluster.ts';
import { type Cluster, createCluster } from '../../../steps/lib/cluster.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { demandHeld, readHeld, same, swapHeld } from '../../../steps/rotate-token/consumer-secret.ts';

const place = { namespace: 'clients', secret: 'env', key: 'GPT.OSS_API-KEY' };
const ref = { apiVersion: 'v1', kind: 'Secret', name: 'env', namespace: 'clients' };
const { signal } = new AbortController();
const [from, to] = [Buffer.from('old'), Buffer.from('new')];
const now = new Date('2026-11-23T10:00:00Z');
const clock = { now: () => now.getTime() };
const swap = { from, to, anchor: 'client-token-1', clock };

let sandbox: SandboxCluster;
let cluster: Cluster;
beforeEach(async () => {
  sandbox = await startCluster({ namespaces: ['clients'] });
  const env = { KUBECONFIG: await sandbox.kubeconfig() };
  cluster = await createCluster({ env, log: createLog({ write: () => {}, env: {}, step: 'try' }) });
});
afterEach(() => sandbox.close());

function put(fields: Record<string, unknown>, annotations?: Record<string, string>) {
  const { apiVersion, kind, name, namespace } = ref;
  sandbox.controllers.put({
    apiVersion,
    kind,
    metadata: { name, namespace, ...(annotations && { annotations }) },
    type: 'Opaque',
    ...fields,
  });
}
const stored = () => sandbox.controllers.get(ref);
const data = (values: Record<string, string | Buffer>) => ({
  data: Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  ),
});

describe('readHeld', () => {
  test('gives the bytes as they are, and what we wrote beside them', async () => {
    const bytes = Buffer.from([0x65, 0x79, 0xff, 0x00, 0x0a]);
    put(data({ [place.key]: bytes }), {
      'llm-rollout/token-written': now.toISOString(),
      'llm-rollout/token-anchor': 'client-token-3',
    });
    expect(await readHeld(cluster, place, signal)).toEqual({
      value: bytes,
      written: now,
      anchor: 'client-token-3',
    });
  });

  test.each([
    ['no data', {}, undefined],
    ['no such key', data({ OTHER: 'x' }), undefined],
    ['an empty value', data({ [place.key]: '' }), Buffer.alloc(0)],
  ])('takes %s', async (_, fields, value) => {
    put(fields);
    expect(await readHeld(cluster, place, signal)).toEqual({ value, written: undefined, anchor: undefined });
  });
});

describe('swapHeld', () => {
  test('replaces the one value and notes when and whose it is', async () => {
    put(data({ [place.key]: from, OTHER: 'kept' }), { mine: 'kept' });
    await swapHeld(cluster, place, swap, signal);
    expect(stored()).toMatchObject({
      ...data({ [place.key]: to, OTHER: 'kept' }),
      metadata: {
        annotations: {
          mine: 'kept',
          'llm-rollout/token-written': '2026-11-23T10:00:00.000Z',
          'llm-rollout/token-anchor': 'client-token-1',
        },
      },
    });
  });

  test('adds the key to a Secret without data', async () => {
    put({});
    await swapHeld(cluster, place, { ...swap, from: undefined }, signal);
    expect(stored()).toMatchObject(data({ [place.key]: to }));
  });

  test('is done when the value is there already', async () => {
    put(data({ [place.key]: to }));
    const before = stored()?.metadata.resourceVersion;
    await swapHeld(cluster, place, swap, signal);
    expect(stored()?.metadata.resourceVersion).toBe(before);
  });

  test('leaves alone what is neither the one nor the other', async () => {
    put(data({ [place.key]: 'theirs' }));
    await expect(swapHeld(cluster, place, swap, signal)).rejects.toMatchObject({ failure: 'check' });
    expect(stored()).toMatchObject(data({ [place.key]: 'theirs' }));
  });

  test('meets a newer version by reading again', async () => {
    put(data({ [place.key]: from }));
    let writes = 0;
    const busy = {
      get: cluster.get,
      jsonPatch: ((target, patch) => {
        writes += 1;
        if (writes < 3) put(data({ [place.key]: from, N: String(writes) }));
        return cluster.jsonPatch(target, patch, signal);
      }) as Cluster['jsonPatch'],
    };
    // A minute each.
    const late = { now: () => now.getTime() + writes * 60_000 };
    await swapHeld(busy, place, { ...swap, clock: late }, signal);
    expect(writes).toBe(3);
    expect(stored()).toMatchObject({
      ...data({ [place.key]: to, N: '2' }),
      metadata: { annotations: { 'llm-rollout/token-written': '2026-11-23T10:02:00.000Z' } },
    });
  });

  test('gives up on a Secret that changes all the time', async () => {
    put(data({ [place.key]: from }));
    const never = { get: cluster.get, jsonPatch: async () => undefined };
    await expect(swapHeld(never, place, swap, signal)).rejects.toMatchObject({ failure: 'unavailable' });
  });
});

describe('demandHeld', () => {
  test('is content with what was written', async () => {
    put(data({ [place.key]: to }));
    await expect(demandHeld(cluster, place, to, signal)).resolves.toBeUndefined();
  });

  test.each([
    ['the one before', data({ [place.key]: from })],
    ['nothing', {}],
  ])('tells that somebody has put %s there', async (_, fields) => {
    put(fields);
    await expect(demandHeld(cluster, place, to, signal)).rejects.toMatchObject({
      failure: 'check',
      evidence: ['the value is not the one that we wrote (Secret); it was left as it is'],
    });
  });
});

test('two values are the same by their bytes', () => {
  expect(same(undefined, undefined)).toBe(true);
  expect(same(from, Buffer.from('old'))).toBe(true);
  expect(same(from, to)).toBe(false);
  expect(same(from, undefined)).toBe(false);
  expect(same(undefined, to)).toBe(false);
});
