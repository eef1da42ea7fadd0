import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, connect, failureOf, map } from './connect.ts';

afterEach(closeAll);

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role' };

describe('a request about an object', () => {
  test('keeps the capitals of its name', async () => {
    const { cluster } = await connect();
    await cluster.create({ ...rbac, metadata: { name: 'System:Odd', namespace: 'team' }, rules: [] });
    const found = await cluster.get({ ...rbac, namespace: 'team', name: 'System:Odd' });
    expect(found?.metadata.name).toBe('System:Odd');
  });

  test('goes to the namespace of the account when it names none', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'x' });
    expect(sandbox.served.at(-1)).toMatchObject({ namespace: 'default', name: 'x' });
  });

  test('has no namespace when its kind has none', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.get({ apiVersion: 'v1', kind: 'Node', namespace: 'team', name: 'n' });
    expect(sandbox.served.at(-1)).toMatchObject({ resource: 'nodes', namespace: undefined, name: 'n' });
  });

  test('may be about every namespace', async () => {
    const { cluster, sandbox } = await connect({ namespaces: ['a', 'b'] });
    for (const namespace of ['a', 'b'])
      sandbox.controllers.put({ ...map('m'), metadata: { name: 'm', namespace } });
    const found = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace: '' });
    expect(found.map(({ metadata }) => metadata.namespace)).toEqual(['a', 'b']);
  });

  test('cannot leave its place by a name', async () => {
    const { cluster, sandbox } = await connect();
    await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: '../secrets/s' });
    expect(sandbox.served.at(-1)).toMatchObject({ resource: 'configmaps', name: '../secrets/s' });
  });

  test.each([
    ['an object', 'ConfigMap team/x', { kind: 'ConfigMap', namespace: 'team' }],
    ['an object of the whole cluster', 'Node x', { kind: 'Node' }],
  ])('names %s', async (_, words, place) => {
    const { cluster } = await connect();
    const error = await failureOf(cluster.mergePatch({ apiVersion: 'v1', name: 'x', ...place }, {}));
    expect(error.message).toBe(`${words} does not exist`);
  });
});
