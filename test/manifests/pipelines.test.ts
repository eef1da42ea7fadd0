import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkGraph } from '../../sandbox/tekton/graph.ts';
import { type Pipeline, type PipelineRun, readManifest, type Task } from '../../sandbox/tekton/manifests.ts';
import { variablesIn } from '../../sandbox/tekton/substitute.ts';
import { specs } from '../../steps/index.ts';
import { accountName } from '../../tasks/render-rbac.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tasks = new Map<string, Task>();
let pipeline: Pipeline;
let sample: PipelineRun;

beforeAll(async () => {
  for (const { name } of specs)
    tasks.set(name, await readManifest<Task>(`${root}tasks/${name}/${name}.yaml`, 'Task'));
  pipeline = await readManifest<Pipeline>(`${root}pipelines/rollout-model.yaml`, 'Pipeline');
  sample = await readManifest<PipelineRun>(`${root}pipelines/samples/rollout-model-run.yaml`, 'PipelineRun');
});

const all = () => [...pipeline.spec.tasks, ...(pipeline.spec.finally ?? [])];

describe('pipelines/rollout-model.yaml', () => {
  it('asks only for what its user alone knows', () => {
    const asked = (pipeline.spec.params ?? []).filter((param) => param.default === undefined);
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it('passes each Task parameters that it has, and all that it requires', () => {
    for (const task of all()) {
      const declared = tasks.get(task.taskRef.name)?.spec.params ?? [];
      const given = (task.params ?? []).map(({ name }) => name);
      expect(declared.map(({ name }) => name)).toEqual(expect.arrayContaining(given));
      const required = declared.filter((param) => param.default === undefined).map(({ name }) => name);
      expect(given).toEqual(expect.arrayContaining(required));
    }
  });

  it('has the defaults of its Tasks', () => {
    const own = new Map(
      (pipeline.spec.params ?? []).map((param) => [`$(params.${param.name})`, param.default]),
    );
    for (const task of all()) {
      const defaults = new Map(
        tasks.get(task.taskRef.name)?.spec.params?.map((param) => [param.name, param.default]),
      );
      for (const { name, value } of task.params ?? []) {
        const wanted = defaults.get(name);
        if (own.has(value) && wanted !== undefined && `${task.name} ${name}` !== 'settle-rollout timeout') {
          expect({ task: task.name, name, default: own.get(value) }).toEqual({
            task: task.name,
            name,
            default: wanted,
          });
        }
      }
    }
  });

  it('names only results that there are, and uses every parameter', () => {
    const texts = [
      ...all().flatMap((task) => [
        ...(task.params ?? []).map(({ value }) => value),
        ...(task.when ?? []).flatMap(({ input, values }) => [input, ...values]),
      ]),
      ...(pipeline.spec.results ?? []).map(({ value }) => value),
    ];
    const used = new Set(texts.flatMap(variablesIn));
    for (const name of used) {
      const [, task, result] = /^tasks\.([^.]+)\.results\.(.+)$/.exec(name) ?? [];
      if (!task) continue;
      const definition = tasks.get(pipeline.spec.tasks.find((one) => one.name === task)?.taskRef.name ?? '');
      expect(definition?.spec.results?.map((one) => one.name)).toContain(result);
    }
    for (const { name } of pipeline.spec.params ?? []) expect(used).toContain(`params.${name}`);
  });

  it('has an order, and a time-out for every task', () => {
    checkGraph(pipeline.spec.tasks);
    for (const task of all()) expect(task.timeout).toMatch(/^\d+[hm]/);
  });

  it('repeats only stage-model: Tekton would repeat a wrong parameter as well', () => {
    expect(
      all()
        .filter(({ retries }) => retries)
        .map(({ name }) => name),
    ).toEqual(['stage-model']);
  });

  it('gives finally nothing that a skipped task would take away', () => {
    const values = (pipeline.spec.finally ?? []).flatMap((task) =>
      (task.params ?? []).map(({ value }) => value),
    );
    for (const name of values.flatMap(variablesIn))
      expect(name).toMatch(/^(params|context)\.|^tasks\.[^.]+\.status$/);
  });

  it('passes the linter of the Tekton community', async () => {
    const files = ['pipelines/rollout-model.yaml', ...specs.map(({ name }) => `tasks/${name}/${name}.yaml`)];
    const lint = promisify(execFile)(
      process.execPath,
      ['node_modules/@ibm/tekton-lint/dist/lint.js', ...files],
      { cwd: root },
    );
    const { stdout } = await lint.catch((error: { stdout: string }) => error);
    expect(stdout).not.toMatch(/error/i);
  });
});

describe('pipelines/samples/rollout-model-run.yaml', () => {
  it('gives every task an account of its own, never the all-powerful one', () => {
    const accounts = new Map(
      sample.spec.taskRunSpecs?.map((one) => [one.pipelineTaskName, one.serviceAccountName]),
    );
    for (const { name, taskRef } of all()) {
      const spec = specs.find((one) => one.name === taskRef.name);
      expect(accounts.get(name)).toBe(spec && accountName(spec));
    }
  });

  it('passes parameters that the Pipeline has', () => {
    const names = (pipeline.spec.params ?? []).map(({ name }) => name);
    for (const { name } of sample.spec.params ?? []) expect(names).toContain(name);
  });
});
