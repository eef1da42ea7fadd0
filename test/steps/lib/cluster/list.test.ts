import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, connect, failureOf, map } from './connect.ts';

afterEach(closeAll);

const query = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team' };
const gone = JSON.stringify({ kind: 'Status', reason: 'Expired', message: 'too old', code: 410 });

async function filled(count: number) {
  const ground = await connect();
  for (let i = 0; i < count; i += 1) ground.sandbox.controllers.put(map(`m-${i}`));
  return ground;
}

describe('a list', () => {
  test('has all pages, and the kind on every item', async () => {
    const { cluster } = await filled(251);
    const found = await cluster.list(query);
    expect(new Set(found.map(({ metadata }) => metadata.name)).size).toBe(251);
    expect(found.every(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'ConfigMap')).toBe(true);
  });

  test('of nothing is empty', async () => {
    const { cluster } = await filled(0);
    await expect(cluster.list(query)).resolves.toEqual([]);
  });

  test('whose place is forgotten starts again', async () => {
    const { cluster, sandbox } = await filled(251);
    sandbox.addFault({ on: { path: /continue=/ }, times: 1, play: { status: 410, body: gone } });
    await expect(cluster.list(query)).resolves.toHaveLength(251);
  });

  test('whose place is always forgotten is given up', async () => {
    const { cluster, sandbox } = await filled(251);
    sandbox.addFault({ on: { path: /continue=/ }, play: { status: 410, body: gone } });
    expect(await failureOf(cluster.list(query))).toMatchObject({ status: 410, reason: 'Expired' });
  });

  test('that is no list is not taken for an empty one', async () => {
    const { cluster, sandbox } = await filled(0);
    await cluster.list(query);
    sandbox.addFault({ on: { path: /configmaps/ }, play: { status: 200, body: '{"items":"many"}' } });
    expect((await failureOf(cluster.list(query))).failure).toBe('unavailable');
  });
});
