import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { specs } from '../../steps/index.ts';
import { accountName } from '../../tasks/render-rbac.ts';

const folder = join(import.meta.dirname, '../../tasks');

interface TaskRun {
  readonly kind: string;
  readonly spec: {
    readonly taskRef: { readonly name: string };
    readonly serviceAccountName: string;
    readonly timeout?: string;
    readonly params: readonly { readonly name: string }[];
  };
}

const runs: [string, TaskRun['spec']][] = [];
for await (const file of glob('*/samples/*.yaml', { cwd: folder })) {
  for (const document of parseAllDocuments(await readFile(join(folder, file), 'utf8'))) {
    const { kind, spec } = document.toJS() as TaskRun;
    if (kind === 'TaskRun') runs.push([file, spec]);
  }
}

describe.each(runs)('tasks/%s', (_file, { taskRef, serviceAccountName, timeout, params }) => {
  const spec = specs.find(({ name }) => name === taskRef.name);

  it('runs a Task as its account, with parameters that it has', () => {
    expect(serviceAccountName).toBe(spec && accountName(spec));
    for (const { name } of params) expect(Object.keys(spec?.params ?? {})).toContain(name);
  });

  it('has more time than the hour that Tekton gives by itself: a model of hundreds of gigabytes takes longer', () => {
    expect(timeout).toMatch(/^([2-9]|\d\d)h$/);
  });
});
