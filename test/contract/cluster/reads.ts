import { describe, expect, test } from 'vitest';
import { configMap, failureOf, type On } from './ground.ts';

/** Lists, pages, selectors, logs, kinds. */
export function readsContract(on: On): void {
  describe('lists', () => {
    test('all pages, with the kind on every item', async () => {
      const { admin, makeNamespace } = on();
      const namespace = await makeNamespace();
      const names = Array.from({ length: 260 }, (_, i) => `item-${String(i).padStart(3, '0')}`);
      for (let from = 0; from < names.length; from += 20) {
        const some = names.slice(from, from + 20);
        await Promise.all(some.map((name) => admin.create(labelled(namespace, name))));
      }
      const found = await admin.list({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace,
        labelSelector: 'of=pages',
      });
      expect(found.map(({ metadata }) => metadata.name)).toEqual(names);
      expect(found.every(({ apiVersion, kind }) => apiVersion === 'v1' && kind === 'ConfigMap')).toBe(true);
    });

    test('a page tells how many are left and where to go on', async () => {
      const { admin, raw, makeNamespace } = on();
      const namespace = await makeNamespace();
      for (const name of ['a', 'b', 'c']) await admin.create(configMap(namespace, name));
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const first = await raw({ method: 'GET', path: `${path}?limit=1` });
      const metadata = first.body['metadata'] as { continue: string; remainingItemCount: number };
      expect(first.body).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1' });
      expect(metadata.remainingItemCount).toBeGreaterThanOrEqual(2);
      const [item] = first.body['items'] as object[];
      expect(item).not.toHaveProperty('kind');
      const rest = await raw({
        method: 'GET',
        path: `${path}?limit=50&continue=${encodeURIComponent(metadata.continue)}`,
      });
      expect((rest.body['items'] as object[]).length).toBeGreaterThanOrEqual(2);
      expect(rest.body['metadata']).not.toHaveProperty('continue');
    });

    test.each([
      ['of=fruit', ['apple', 'pear']],
      ['of=fruit,colour=red', ['apple']],
      ['of!=fruit', ['carrot']],
      ['colour', ['apple', 'carrot']],
      ['!colour', ['pear']],
      ['colour in (red,blue)', ['apple']],
      ['colour notin (red,blue)', ['carrot', 'pear']],
    ])('labels %s', async (labelSelector, wanted) => {
      const { admin, namespace } = on();
      const labels = {
        apple: { of: 'fruit', colour: 'red' },
        pear: { of: 'fruit' },
        carrot: { colour: 'orange' },
      };
      await Promise.all(
        Object.entries(labels).map(([name, own]) =>
          admin.create({
            apiVersion: 'v1',
            kind: 'ServiceAccount',
            metadata: { name, namespace, labels: { ...own, garden: 'yes' } },
          }),
        ),
      );
      const query = { apiVersion: 'v1', kind: 'ServiceAccount', namespace };
      const found = await admin.list({ ...query, labelSelector: `garden=yes,${labelSelector}` });
      expect(found.map(({ metadata }) => metadata.name)).toEqual(wanted);
    });

    test('events of one object, by field', async () => {
      const { admin, namespace } = on();
      await Promise.all(['pod-a', 'pod-b'].map((name) => admin.create(eventAbout(namespace, name))));
      const query = { apiVersion: 'v1', kind: 'Event', namespace };
      const fieldSelector = 'involvedObject.kind=Pod,involvedObject.name=pod-a';
      const found = await admin.list({ ...query, fieldSelector });
      expect(found.map((event) => event['message'])).toEqual(['about pod-a']);
    });

    test('a field that cannot be selected by is refused', async () => {
      const { admin, namespace } = on();
      const query = { apiVersion: 'v1', kind: 'ConfigMap', namespace, fieldSelector: 'data.a=1' };
      const error = await failureOf(admin.list(query));
      expect(error.status).toBe(400);
      expect(error.evidence[0]).toContain(
        '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
      );
    });
  });

  describe('logs', () => {
    test('a pod that no node has yet says nothing, nor does one that is gone', async () => {
      const { admin, namespace } = on();
      await admin.create({
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace },
      });
      await admin.create({
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'idle', namespace },
        spec: {
          nodeSelector: { nowhere: 'at-all' },
          containers: [{ name: 'main', image: 'localhost/nothing:1' }],
        },
      });
      const log = { namespace, container: 'main', tailLines: 5 };
      await expect(admin.logs({ ...log, pod: 'idle' })).resolves.toBe('');
      await expect(admin.logs({ ...log, pod: 'absent' })).resolves.toBe('');
    });

    test('a container that the pod does not have is refused', async () => {
      const { admin, namespace } = on();
      const error = await failureOf(admin.logs({ namespace, pod: 'idle', container: 'other', tailLines: 5 }));
      expect(error.evidence[0]).toContain('container other is not valid for pod idle');
    });
  });

  describe('kinds', () => {
    test.each([
      ['nobody.example.com/v1', 'Thing', 'this cluster does not serve Thing of nobody.example.com/v1'],
      ['v1', 'Thing', 'this cluster does not serve Thing of v1'],
      ['apps/v1beta9', 'Deployment', 'this cluster does not serve Deployment of apps/v1beta9'],
    ])('%s %s is not served', async (apiVersion, kind, headline) => {
      const { admin, namespace } = on();
      const error = await failureOf(admin.get({ apiVersion, kind, namespace, name: 'x' }));
      expect(error).toMatchObject({ failure: 'refused', status: 404, message: headline });
    });

    test.each([
      ['/apis/nobody.example.com/v1/namespaces/default/things', '404 page not found\n'],
      ['/api/v1/namespaces/default/things', 'the server could not find the requested resource'],
      ['/apis/apps/v1/namespaces/default/things', 'the server could not find the requested resource'],
      ['/apis/nobody.example.com/v1', '404 page not found\n'],
    ])('GET %s', async (path, message) => {
      const { status, body } = await on().raw({ method: 'GET', path });
      expect(status).toBe(404);
      expect(body.message).toBe(message);
    });

    test('a verb that a resource does not have', async () => {
      const path = `/api/v1/namespaces/${on().namespace}/configmaps`;
      const { status, body } = await on().raw({ method: 'PUT', path, body: {} });
      expect(status).toBe(405);
      expect(body.message).toBe('the server does not allow this method on the requested resource');
    });

    test('a kind of patch that nobody knows', async () => {
      const { admin, namespace, raw } = on();
      await admin.create(configMap(namespace, 'patched'));
      const path = `/api/v1/namespaces/${namespace}/configmaps/patched`;
      const { status, body } = await raw({
        method: 'PATCH',
        path,
        contentType: 'application/json',
        body: {},
      });
      expect(status).toBe(415);
      expect(body.message).toBe('415: Unsupported Media Type');
    });
  });
}

const labelled = (namespace: string, name: string) => ({
  ...configMap(namespace, name),
  metadata: { name, namespace, labels: { of: 'pages' } },
});

const eventAbout = (namespace: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: `${name}.1`, namespace },
  involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace, name },
  reason: 'Tested',
  message: `about ${name}`,
  type: 'Normal',
});
