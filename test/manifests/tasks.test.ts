import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { specs } from '../../steps/index.ts';
import { exitCodes } from '../../steps/lib/errors.ts';
import { resultsLimit } from '../../steps/lib/results.ts';

interface Step {
  command: string[];
  args: string[];
  image: string;
  env: { name: string; value?: string; valueFrom?: unknown }[];
  securityContext: Record<string, unknown>;
}

async function readTask(name: string) {
  const text = await readFile(new URL(`../../tasks/${name}/${name}.yaml`, import.meta.url), 'utf8');
  return {
    text,
    task: parse(text) as {
      spec: {
        steps: [Step];
        workspaces?: object[];
        results: { name: string }[];
        params: { name: string; description: string }[];
      };
    },
  };
}

describe.each(specs.map(({ name }) => name))('Task %s', (name) => {
  it('runs one bundle, without a shell', async () => {
    const { task } = await readTask(name);
    expect(task.spec.steps).toHaveLength(1);
    expect(task.spec.steps[0].command).toEqual([
      'node',
      '--enable-source-maps',
      `/opt/llm-rollout/${name}.mjs`,
    ]);
    for (const word of task.spec.steps[0].args) expect(word).toMatch(/^--[a-z0-9-]+=/);
  });

  it('has nothing that some Tekton refuses or that kills without a warning', async () => {
    const { text } = await readTask(name);
    expect(text).not.toMatch(/^\s*(script|enum|timeout|onError):/m);
    expect(text).not.toMatch(/runAsUser|:latest/);
  });

  it('needs no volume, and writes to none', async () => {
    const { task } = await readTask(name);
    for (const workspace of task.spec.workspaces ?? [])
      expect(workspace).toMatchObject({ optional: true, readOnly: true });
  });

  it('drops every privilege', async () => {
    const { task } = await readTask(name);
    expect(task.spec.steps[0].securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it('takes no secret from its environment', async () => {
    const { task } = await readTask(name);
    for (const variable of task.spec.steps[0].env) expect(variable.valueFrom).toBeUndefined();
  });

  it('describes every parameter in one line', async () => {
    const { task } = await readTask(name);
    for (const { description } of task.spec.params) expect(description).toMatch(/^\S[^\n]{5,320}$/);
  });

  it('leaves room for an outcome beside its results', async () => {
    const { task } = await readTask(name);
    const names = task.spec.results.reduce((sum, result) => sum + result.name.length, 0);
    expect(names + 256).toBeLessThan(resultsLimit / 2);
  });
});

describe('exit codes', () => {
  it('are different from each other and from those that Node uses', () => {
    const codes = Object.values(exitCodes);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes.slice(1)) expect(code).toBeGreaterThan(15);
  });
});
