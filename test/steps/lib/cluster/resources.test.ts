import { afterEach, describe, expect, test } from 'vitest';
import { pathOfVersion } from '../../../../steps/lib/cluster/resources.ts';
import { closeAll, connect, failureOf, map, ref } from './connect.ts';

afterEach(closeAll);

test.each([
  ['v1', '/api/v1'],
  ['apps/v1', '/apis/apps/v1'],
])('pathOfVersion %s', (version, path) => expect(pathOfVersion(version)).toBe(path));

describe('kinds', () => {
  test('are discovered once for each group version', async () => {
    const { cluster, sandbox } = await connect();
    await Promise.all(['a', 'b', 'c'].map((name) => cluster.get(ref(name))));
    await cluster.create({ ...map('s'), kind: 'Secret' });
    expect(sandbox.served.filter(({ resource }) => resource === '/api/v1')).toHaveLength(1);
  });

  test('that are not served are looked for again: they may be installed meanwhile', async () => {
    const { cluster, sandbox } = await connect();
    const place = { apiVersion: 'v1', kind: 'Thing', namespace: 'team', name: 'x' };
    for (let i = 0; i < 2; i += 1) {
      const error = await failureOf(cluster.get(place));
      expect(error).toMatchObject({ failure: 'refused', message: 'this cluster does not serve Thing of v1' });
      expect(error.evidence).toEqual(['the list of v1 has no Thing (Kubernetes API, GET /api/v1)']);
    }
    expect(sandbox.served.filter(({ resource }) => resource === '/api/v1')).toHaveLength(2);
  });

  test('are looked for again after an answer that was none', async () => {
    const { cluster, sandbox } = await connect();
    sandbox.addFault({ on: { path: /^\/api\/v1$/ }, times: 1, play: { status: 403, body: 'no' } });
    expect((await failureOf(cluster.get(ref('x')))).status).toBe(403);
    await expect(cluster.get(ref('x'))).resolves.toBeUndefined();
  });
});
