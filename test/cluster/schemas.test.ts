import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './kubectl.ts';
import { createNamespace, type Namespace } from './namespace.ts';
import { repository } from './product.ts';
import { joinRing, type Ring } from './ring.ts';

let ring: Ring;
let namespace: Namespace;
beforeAll(async () => {
  ring = await joinRing();
  namespace = await createNamespace(ring.kubectl, 'schemas');
});
afterAll(async () => {
  await namespace.remove();
  ring.leave();
});

const files = globSync('{tasks,pipelines,triggers}/**/*.yaml', { cwd: repository }).filter(
  (file) => !file.endsWith('kustomization.yaml'),
);

describe('every object of the product is admitted with strict validation of its fields', () => {
  test('and there are files to ask about', () => expect(files.length).toBeGreaterThan(15));

  test.for(files.sort())('%s', async (file) => {
    const text = await readFile(join(repository, file), 'utf8');
    for (const document of parseAllDocuments(text)) {
      const { stdout, stderr } = await submit(document.toJS() as KubeObject);
      expect(stderr).toBe('');
      expect(stdout).toMatch(/ (created|serverside-applied) \(server dry run\)/);
    }
  });
});

describe('a field that nobody knows is refused', () => {
  const step = { name: 'one', image: 'localhost/one:1', command: ['one'] };
  const rows: [string, KubeObject][] = [
    ['of a step', task({ steps: [{ ...step, imagePullPolice: 'Never' }] })],
    ['of a Task that belongs into a Pipeline', task({ steps: [step], retries: 1 })],
    ['of a Pipeline that belongs into a run', pipeline({ timeouts: { pipeline: '1h' } })],
    ['of a task that a Pipeline calls', pipeline({}, { serviceAccountName: 'one' })],
  ];
  test.for(rows)('%s', async ([, object]) => {
    const { code, stderr } = await submit(object);
    expect(code).toBe(1);
    expect(stderr).toMatch(/unknown field/);
  });
});

/** As `oc create` would send it, through all webhooks, and nothing is kept. */
async function submit(object: KubeObject) {
  const { namespace: _written, ...metadata } = object.metadata;
  const here = object.kind.startsWith('Cluster') ? [] : ['-n', namespace.name];
  const args = ['create', '--validate=strict', '--dry-run=server', ...here, '-f', '-'];
  return ring.kubectl.attempt(args, JSON.stringify({ ...object, metadata }));
}

function task(spec: object): KubeObject {
  return { apiVersion: 'tekton.dev/v1', kind: 'Task', metadata: { name: 'one' }, spec };
}

function pipeline(spec: object, call: object = {}): KubeObject {
  const tasks = [{ name: 'one', taskRef: { name: 'one' }, ...call }];
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'Pipeline',
    metadata: { name: 'one' },
    spec: { tasks, ...spec },
  };
}
