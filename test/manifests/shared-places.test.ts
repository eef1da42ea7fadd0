import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFile(root + path, 'utf8');

interface Rights {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly roleRef?: { readonly name: string };
  readonly subjects?: readonly { readonly name: string; readonly namespace?: string }[];
}

interface Kustomization {
  readonly namespace: string;
  readonly replacements: readonly {
    readonly source: object;
    readonly targets: readonly { readonly select: { readonly kind: string } }[];
  }[];
}

/** What lies outside of the namespace, where another installation has its own: the same name would be the same object. */
const outside = ({ kind, metadata }: Rights) =>
  kind.startsWith('Cluster') || metadata.namespace !== undefined;

describe.each(['triggers/rbac.yaml', 'tasks/rotate-token/rbac-consumer-namespace.yaml'])('%s', (path) => {
  it('names what lies outside of the namespace after it', async () => {
    const { namespace } = parse(await read('triggers/kustomization.yaml')) as Kustomization;
    const all = parseAllDocuments(await read(path)).map((document) => document.toJS() as Rights);
    const found = all.filter(outside);
    expect(found).toHaveLength(2);
    for (const { metadata, roleRef, subjects = [] } of found) {
      const [account, ...rest] = metadata.name.split('.');
      expect(rest).toEqual([namespace]);
      if (roleRef) expect(roleRef.name).toBe(metadata.name);
      for (const subject of subjects) expect(subject).toMatchObject({ name: account, namespace });
    }
  });
});

it('the namespace of triggers goes into the names of its cluster-wide objects', async () => {
  const { replacements } = parse(await read('triggers/kustomization.yaml')) as Kustomization;
  const options = { delimiter: '.', index: 1 };
  expect(replacements).toEqual([
    {
      source: { kind: 'ServiceAccount', name: 'llm-rollout-listener', fieldPath: 'metadata.namespace' },
      targets: [
        { select: { kind: 'ClusterRole' }, fieldPaths: ['metadata.name'], options },
        { select: { kind: 'ClusterRoleBinding' }, fieldPaths: ['metadata.name', 'roleRef.name'], options },
      ],
    },
  ]);
});
