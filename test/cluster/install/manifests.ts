import { readFile } from 'node:fs/promises';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { until } from '../daemon.ts';
import type { Kubectl, KubeObject } from '../kubectl.ts';

/** Reads the YAML files that the patterns name in a folder; a pattern that finds nothing is an error. */
export async function readManifests(folder: string, patterns: readonly string[]): Promise<KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const file of filesOf(folder, patterns)) {
    // One file at a time: where files are only joined, one without a newline at its end swallows the next one's head.
    for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
      const object = document.toJS() as KubeObject | null;
      if (object !== null) objects.push(object);
    }
  }
  return objects;
}

/** Creates CRDs straight from their files: some are megabytes, and nothing in them is ours to change. Waits until all are served. */
export async function createDefinitions(
  kubectl: Kubectl,
  folder: string,
  patterns: readonly string[],
): Promise<void> {
  const files = filesOf(folder, patterns).flatMap((file) => ['-f', file]);
  await kubectl.run(['create', '--validate=false', ...files]);
  // A definition without any status yet is an error to `kubectl wait`, so it is asked again.
  const wait = ['wait', '--for=condition=Established', '--timeout=10s', 'crd', '--all'];
  await until('the definitions are served', async () => (await kubectl.attempt(wait)).code === 0);
}

/** Applies objects in an order in which each finds what it needs: namespaces and rights first, webhooks last. */
export async function applyInOrder(kubectl: Kubectl, objects: readonly KubeObject[]): Promise<void> {
  const late = ['Deployment', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
  const rank = ({ kind }: KubeObject): number => (kind === 'Namespace' ? 0 : late.indexOf(kind) + 2);
  const ordered = [...objects].sort((one, other) => rank(one) - rank(other));
  await kubectl.apply(ordered, ['--validate=false']);
}

function filesOf(folder: string, patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const files = globSync(join(folder, pattern)).filter((file) => file.endsWith('.yaml'));
    if (files.length === 0) throw new Error(`No manifest matches ${join(folder, pattern)}.`);
    return files.sort();
  });
}
