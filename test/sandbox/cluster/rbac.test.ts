import { describe, expect, test } from 'vitest';
import { covers } from '../../../sandbox/cluster/rbac.ts';
import { parseTarget } from '../../../sandbox/cluster/target.ts';

const attempt = {
  verb: 'get',
  group: 'apps',
  resource: 'deployments',
  subresource: '',
  namespace: 'n',
  name: 'd',
};
const rule = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] };

describe('a rule', () => {
  test.each([
    ['covers what it says', rule, attempt, true],
    ['does not cover another verb', rule, { ...attempt, verb: 'patch' }, false],
    ['does not cover another group', rule, { ...attempt, group: '' }, false],
    ['does not cover a subresource', rule, { ...attempt, subresource: 'scale' }, false],
    [
      'covers a subresource that it names',
      { ...rule, resources: ['deployments/scale'] },
      { ...attempt, subresource: 'scale' },
      true,
    ],
    [
      'covers that subresource of all',
      { ...rule, resources: ['*/scale'] },
      { ...attempt, subresource: 'scale' },
      true,
    ],
    [
      'of a subresource does not cover the resource',
      { ...rule, resources: ['deployments/scale'] },
      attempt,
      false,
    ],
    [
      'with stars covers all',
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { ...attempt, subresource: 'x' },
      true,
    ],
    ['for a name covers that name', { ...rule, resourceNames: ['d'] }, attempt, true],
    ['for a name covers no other', { ...rule, resourceNames: ['e'] }, attempt, false],
    ['for a name covers no list', { ...rule, resourceNames: ['d'] }, { ...attempt, name: '' }, false],
    [
      'for paths covers the path',
      { nonResourceURLs: ['/version'], verbs: ['get'] },
      { ...attempt, path: '/version' },
      true,
    ],
    [
      'for paths with a star covers what is below',
      { nonResourceURLs: ['/api/*'], verbs: ['get'] },
      { ...attempt, path: '/api/v1' },
      true,
    ],
    ['for paths covers no resource', { nonResourceURLs: ['*'], verbs: ['*'] }, attempt, false],
    [
      'for resources covers no path',
      { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
      { ...attempt, path: '/version' },
      false,
    ],
  ])('%s', (_, given, asked, wanted) => expect(covers(given, asked)).toBe(wanted));
});

describe('parseTarget', () => {
  const at = (over: object) => ({
    type: 'resource',
    apiVersion: 'v1',
    group: '',
    resource: 'pods',
    subresource: '',
    namespace: '',
    name: '',
    ...over,
  });
  test.each([
    ['/api/v1/pods', at({})],
    ['/api/v1/namespaces/n/pods', at({ namespace: 'n' })],
    ['/api/v1/namespaces/n/pods/p', at({ namespace: 'n', name: 'p' })],
    ['/api/v1/namespaces/n/pods/p/log', at({ namespace: 'n', name: 'p', subresource: 'log' })],
    ['/api/v1/namespaces', at({ resource: 'namespaces' })],
    ['/api/v1/namespaces/n', at({ resource: 'namespaces', namespace: 'n', name: 'n' })],
    [
      '/api/v1/namespaces/n/status',
      at({ resource: 'namespaces', namespace: 'n', name: 'n', subresource: 'status' }),
    ],
    [
      '/apis/apps/v1/namespaces/n/deployments/d/status',
      at({
        apiVersion: 'apps/v1',
        group: 'apps',
        resource: 'deployments',
        namespace: 'n',
        name: 'd',
        subresource: 'status',
      }),
    ],
    [
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Ax',
      at({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        group: 'rbac.authorization.k8s.io',
        resource: 'clusterroles',
        name: 'system:x',
      }),
    ],
    ['/api/v1', { type: 'path', path: '/api/v1' }],
    ['/apis/apps/v1', { type: 'path', path: '/apis/apps/v1' }],
    ['/apis', { type: 'path', path: '/apis' }],
    ['/version', { type: 'path', path: '/version' }],
  ])('%s', (path, wanted) => expect(parseTarget(path)).toEqual(wanted));
});
