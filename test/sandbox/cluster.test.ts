import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type Change,
  type ClusterOptions,
  ownerReference,
  refOf,
  startCluster,
} from '../../sandbox/cluster.ts';
import { createCluster } from '../../steps/lib/cluster.ts';
import { createLog } from '../../steps/lib/log.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(options: ClusterOptions = {}) {
  const sandbox = await startCluster({ namespaces: ['team'], ...options });
  closing.push(() => sandbox.close());
  const log = createLog({ write: () => {}, env: {}, step: 'try' });
  const as = async (serviceAccount?: string) => {
    const account = serviceAccount === undefined ? undefined : { namespace: 'team', serviceAccount };
    return await createCluster({ env: { KUBECONFIG: await sandbox.kubeconfig(account) }, log });
  };
  return { sandbox, ...sandbox.controllers, as };
}

const map = (name: string, fields: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'team' },
  ...fields,
});
const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name });

describe('controllers', () => {
  test('put what they like, and nothing happens when nothing differs', async () => {
    const { put } = await start();
    const first = put(map('a', { data: { x: '1' } }));
    expect(put(map('a', { data: { x: '1' } }))).toBe(first);
    const second = put(map('a', { data: { x: '2' } }));
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect(Number(second.metadata.resourceVersion)).toBeGreaterThan(Number(first.metadata.resourceVersion));
  });

  test('cannot put a field that a real cluster would lose', async () => {
    const { put } = await start();
    expect(() => put(map('a', { dta: {} }))).toThrow('ConfigMap a: unknown dta');
    expect(() => put({ apiVersion: 'v9', kind: 'Odd', metadata: { name: 'x' } })).toThrow(
      'serves no Odd of v9',
    );
  });

  test('cannot change what they read', async () => {
    const { put } = await start();
    const frozen = put(map('a', { data: { x: '1' } }));
    expect(() => Object.assign(frozen['data'] as object, { x: '2' })).toThrow(TypeError);
  });

  test('hear of every change, in order, after the turn of the write', async () => {
    const { put, update, delete: remove, onChange } = await start();
    const heard: string[] = [];
    const stop = onChange(({ type, object }: Change) => heard.push(`${type} ${object.metadata.name}`));
    put(map('a'));
    update(ref('a'), (draft) => {
      draft['data'] = { x: '1' };
    });
    remove(ref('a'));
    expect(heard).toEqual([]);
    await vi.waitFor(() => expect(heard).toEqual(['added a', 'modified a', 'deleted a']));
    stop();
    put(map('b'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toHaveLength(3);
  });

  test('hear of what comes over HTTP', async () => {
    const { onChange, as } = await start();
    const heard: string[] = [];
    onChange(({ type, object }) => heard.push(`${type} ${object.metadata.name}`));
    const admin = await as();
    await admin.apply(map('a'), { fieldManager: 'us' });
    await vi.waitFor(() => expect(heard).toEqual(['added a']));
  });

  test('lose what an owner owned when it goes, unless another owner is left', async () => {
    const { put, get, delete: remove } = await start();
    const [one, two] = [put(map('one')), put(map('two'))];
    const owned = (name: string, owners: readonly unknown[]) => {
      const object = map(name);
      return put({ ...object, metadata: { ...object.metadata, ownerReferences: owners } });
    };
    owned('child', [ownerReference(one)]);
    owned('grandchild', [ownerReference(get(ref('child')) ?? one)]);
    owned('shared', [ownerReference(one), ownerReference(two)]);
    remove(refOf(one));
    await vi.waitFor(() => expect(get(ref('grandchild'))).toBeUndefined());
    expect(get(ref('child'))).toBeUndefined();
    expect(get(ref('shared'))?.metadata.ownerReferences).toMatchObject([{ name: 'two' }]);
  });

  test('count what repeats in one event', async () => {
    const { put, event, list } = await start();
    const about = put(map('a'));
    const note = { about, type: 'Warning', reason: 'Odd', message: 'it is odd', from: 'test' } as const;
    event(note);
    event(note);
    event({ ...note, message: 'it is odder' });
    const events = list({ apiVersion: 'v1', kind: 'Event', namespace: 'team' });
    expect(events.map((one) => [one['message'], one['count']])).toEqual([
      ['it is odd', 2],
      ['it is odder', 1],
    ]);
  });

  test('keep every event of one moment', async () => {
    const { put, event, list } = await start();
    const about = put(map('a'));
    for (let n = 0; n < 50; n += 1) {
      event({ about, type: 'Normal', reason: 'Many', message: `number ${n}`, from: 'test' });
    }
    expect(list({ apiVersion: 'v1', kind: 'Event', namespace: 'team' })).toHaveLength(50);
  });

  test('raise the generation only with what is wished', async () => {
    const { put, update } = await start();
    const place = {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      namespace: 'team',
      name: 'gpt',
    };
    const metadata = { name: 'gpt', namespace: 'team' };
    put({ apiVersion: place.apiVersion, kind: place.kind, metadata, spec: { predictor: {} } });
    const reported = update(place, (draft) => {
      draft['status'] = { url: 'https://x' };
    });
    expect(reported?.metadata.generation).toBe(1);
    const changed = update(place, (draft) => {
      draft['spec'] = { predictor: { minReplicas: 1 } };
    });
    expect(changed?.metadata.generation).toBe(2);
  });
});

describe('over HTTP', () => {
  test('a Pod that a node runs is only marked; the kubelet ends it', async () => {
    const { put, get, as, delete: remove } = await start();
    const place = { apiVersion: 'v1', kind: 'Pod', namespace: 'team', name: 'p' };
    const spec = { nodeName: 'n', containers: [{ name: 'main' }] };
    put({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team' }, spec });
    const admin = await as();
    await expect(admin.delete(place)).resolves.toBe(true);
    expect(get(place)?.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 });
    remove(place);
    await expect(admin.get(place)).resolves.toBeUndefined();
  });

  test('webhooks change and refuse what people write, not what controllers put', async () => {
    const { addWebhook, put, as } = await start();
    const stop = addWebhook({
      name: 'judge.example.com',
      kinds: ['ConfigMap'],
      mutate: (draft) => {
        draft['data'] = { stamped: 'yes' };
      },
      validate: (object, old) => (old !== undefined && object === undefined ? 'it must stay' : undefined),
    });
    const admin = await as();
    await expect(admin.create(map('a'))).resolves.toMatchObject({ data: { stamped: 'yes' } });
    await expect(admin.delete(ref('a'))).rejects.toMatchObject({
      message: 'judge.example.com refuses ConfigMap team/a: it must stay',
    });
    expect(put(map('b'))).not.toHaveProperty('data');
    stop();
    await expect(admin.delete(ref('a'))).resolves.toBe(true);
  });

  test('what it does not know is refused and noted', async () => {
    const { sandbox, as } = await start();
    const admin = await as('nobody');
    await admin.get(ref('x')).catch(() => {});
    expect(sandbox.refusals).toEqual([]);
    const status = await new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${sandbox.adminToken}` };
      request(`${sandbox.url}/api/v1/pods?watch=true`, { ca: sandbox.ca, headers }, (response) =>
        resolve(response.statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect(status).toBe(501);
    expect(sandbox.refusals).toEqual(['GET /api/v1/pods: the query parameter watch']);
  });

  test('who did what is noted', async () => {
    const { sandbox, as } = await start();
    const bot = await as('bot');
    await bot.get(ref('x')).catch(() => {});
    expect(sandbox.served.at(-1)).toEqual({
      user: 'system:serviceaccount:team:bot',
      verb: 'get',
      apiGroup: '',
      resource: 'configmaps',
      namespace: 'team',
      name: 'x',
      status: 403,
    });
  });

  test.each([
    [{}, { canary: true, storageUris: true }],
    [{ kserve: { canary: false } }, { canary: false, storageUris: true }],
    [{ kserve: { canary: false, storageUris: false } }, { canary: false, storageUris: false }],
  ])('the schema of KServe is the one asked for: %j', async (options, wanted) => {
    const { as } = await start(options);
    const admin = await as();
    const document = JSON.stringify(await admin.openApi('apis/serving.kserve.io/v1beta1'));
    expect({
      canary: document.includes('"canary"'),
      storageUris: document.includes('"storageUris"'),
    }).toEqual(wanted);
  });

  test('where KServe is not installed, nobody knows it', async () => {
    const { as } = await start({ kserve: false });
    const admin = await as();
    const place = {
      apiVersion: 'serving.kserve.io/v1beta1',
      kind: 'InferenceService',
      namespace: 'team',
      name: 'x',
    };
    await expect(admin.get(place)).rejects.toMatchObject({
      message: 'KServe is not installed, or its v1beta1 of InferenceService is not served',
    });
  });

  test('a token ends with its time', async () => {
    let now = new Date();
    const { sandbox, as } = await start({ now: () => now });
    const bot = await as('bot');
    const refused = async () => await bot.get(ref('x')).catch((error: { status: number }) => error.status);
    await expect(refused()).resolves.toBe(403);
    now = new Date(now.getTime() + 3_601_000);
    await expect(refused()).resolves.toBe(401);
    expect(sandbox.token({ namespace: 'team', serviceAccount: 'bot' })).not.toBe('');
  });

  test('nothing is left of it behind its end', async () => {
    const sandbox = await startCluster();
    const path = await sandbox.kubeconfig();
    await expect(readFile(path, 'utf8')).resolves.toContain(sandbox.url);
    await sandbox.close();
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
