import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checkGraph, dependencies } from '../../sandbox/tekton/graph.ts';
import {
  type Pipeline,
  type PipelineRun,
  type PipelineTask,
  readManifest,
  type Task,
} from '../../sandbox/tekton/manifests.ts';
import { checkMatrices } from '../../sandbox/tekton/check-matrix.ts';
import { variablesIn } from '../../sandbox/tekton/substitute.ts';
import { specs } from '../../steps/index.ts';
import { parseDuration } from '../../steps/lib/params.ts';
import type { Param } from '../../steps/lib/step.ts';
import { accountName } from '../../tasks/render-rbac.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tasks = new Map<string, Task>();
for (const { name } of specs)
  tasks.set(name, await readManifest<Task>(`${root}tasks/${name}/${name}.yaml`, 'Task'));
const readPipeline = (name: string) => readManifest<Pipeline>(`${root}pipelines/${name}.yaml`, 'Pipeline');

/** Defaults that a Pipeline chooses to have otherwise than its Tasks. */
const deliberate = new Set(['settle-rollout timeout', 'plan-model shards', 'stage-model shards']);

/** What the hints of a Task name as the way out. */
const toldToSet = [
  ['stage-model', 'read-back'],
  ['stage-model', 'allow-code'],
  ['stage-model', 'allow-owners'],
  ['stage-model', 'allow-licenses'],
  ['stage-model', 'max-size'],
  ['apply-serving', 'gpu-resource'],
  ['apply-serving', 'tolerations'],
  ['apply-serving', 'node-selector'],
  ['apply-serving', 'startup-timeout'],
  ['smoke-tool-calls', 'max-tokens'],
] as const;

const pipelines = ['rollout-model', 'rollout-model-sharded'] as const;

describe.each(pipelines)('pipelines/%s.yaml', (file) => {
  let pipeline: Pipeline;
  beforeAll(async () => {
    pipeline = await readPipeline(file);
  });
  const all = () => [...pipeline.spec.tasks, ...(pipeline.spec.finally ?? [])];

  it('has the name of its file', () => {
    expect(pipeline.metadata.name).toBe(file);
  });

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

  it.each(toldToSet)('lets a run set %s %s, which hints tell to', (step, name) => {
    const given = all()
      .filter(({ taskRef }) => taskRef.name === step)
      .map((task) => task.params?.find((param) => param.name === name)?.value);
    expect(new Set(given)).toEqual(new Set([`$(params.${name})`]));
  });

  it.each(['wait-ready', 'smoke-tool-calls', 'settle-rollout'])(
    'shows apply-serving every parameter of %s, which finds a wrong one before the service is switched',
    (name) => {
      const shown = declaredOf('apply-serving');
      for (const [param, rules] of declaredOf(name))
        expect([param, shown.get(param)]).toEqual([param, rules]);
    },
  );

  /** By the Pipeline's parameter what its Task's own demands. */
  function declaredOf(name: string) {
    const task = all().find((one) => one.name === name);
    const declared: Readonly<Record<string, Param>> =
      specs.find((one) => one.name === task?.taskRef.name)?.params ?? {};
    const given = (task?.params ?? []).filter(({ value }) => value.startsWith('$(params.'));
    return new Map(
      given.map((param) => [param.value, { ...declared[param.name], description: '', default: '' }]),
    );
  }

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
        if (own.has(value) && wanted !== undefined && !deliberate.has(`${task.name} ${name}`)) {
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
        ...(task.matrix?.params ?? []).flatMap(({ value }) => value),
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

  it('has an order, matrices that Tekton takes, and a time-out for every task', () => {
    checkGraph(pipeline.spec.tasks);
    checkMatrices(pipeline, tasks);
    for (const task of all()) expect(task.timeout).toMatch(/^\d+[hm]/);
  });

  it('gives a task more time than its own timeout, which leaves a report', () => {
    const own = new Map(
      (pipeline.spec.params ?? []).map((param) => [`$(params.${param.name})`, param.default]),
    );
    const timed = all().flatMap((task) => {
      const declared = tasks.get(task.taskRef.name)?.spec.params?.find(({ name }) => name === 'timeout');
      const given = task.params?.find(({ name }) => name === 'timeout')?.value;
      const itself = given === undefined ? declared?.default : own.get(given);
      return declared ? [[task.name, String(itself), task.timeout ?? ''] as const] : [];
    });
    expect(timed.map(([name]) => name)).toEqual(['wait-ready', 'smoke-tool-calls', 'settle-rollout']);
    for (const [, itself, whole] of timed)
      expect(parseDuration(itself)).toBeLessThan(parseDuration(whole) ?? 0);
  });

  it('repeats only what goes on where it stopped: Tekton would repeat a wrong parameter as well', () => {
    for (const { retries, taskRef } of all())
      expect(retries !== undefined).toBe(['stage-model', 'settle-rollout'].includes(taskRef.name));
  });

  it('gives finally nothing that a skipped task would take away', () => {
    const values = (pipeline.spec.finally ?? []).flatMap((task) =>
      (task.params ?? []).map(({ value }) => value),
    );
    for (const name of values.flatMap(variablesIn))
      expect(name).toMatch(/^(params|context)\.|^tasks\.[^.]+\.status$/);
  });

  it('passes the linter of the Tekton community', async () => {
    const files = [`pipelines/${file}.yaml`, ...specs.map(({ name }) => `tasks/${name}/${name}.yaml`)];
    const lint = promisify(execFile)(
      process.execPath,
      ['node_modules/@ibm/tekton-lint/dist/lint.js', ...files],
      { cwd: root },
    );
    const { stdout } = await lint.catch((error: { stdout: string }) => error);
    // It takes a whole list for the name of a result; checkMatrices looks at those.
    const unknownToIt = / 'shards\[\*\]' is not a result in Task 'plan-model'\)/;
    const errors = stdout.split('\n').filter((line) => /\berror\b/.test(line) && !line.startsWith('✖'));
    expect(errors.filter((line) => !unknownToIt.test(line))).toEqual([]);
  });
});

describe.each(pipelines)('pipelines/samples/%s-run.yaml', (file) => {
  let pipeline: Pipeline;
  let sample: PipelineRun;
  beforeAll(async () => {
    pipeline = await readPipeline(file);
    sample = await readManifest<PipelineRun>(`${root}pipelines/samples/${file}-run.yaml`, 'PipelineRun');
  });

  it('runs the Pipeline of that name', () => {
    expect(sample.spec.pipelineRef.name).toBe(pipeline.metadata.name);
  });

  it('gives every task an account of its own, never the all-powerful one', () => {
    const accounts = new Map(
      sample.spec.taskRunSpecs?.map((one) => [one.pipelineTaskName, one.serviceAccountName]),
    );
    for (const { name, taskRef } of [...pipeline.spec.tasks, ...(pipeline.spec.finally ?? [])]) {
      const spec = specs.find((one) => one.name === taskRef.name);
      expect(accounts.get(name)).toBe(spec && accountName(spec));
    }
  });

  it('passes parameters that the Pipeline has', () => {
    const names = (pipeline.spec.params ?? []).map(({ name }) => name);
    for (const { name } of sample.spec.params ?? []) expect(names).toContain(name);
  });
});

describe('the time-outs of a run', async () => {
  const runs = await timeoutsOfRuns();

  it('are the same wherever one is started', () => {
    expect(runs.map(({ where }) => where)).toHaveLength(4);
    for (const { timeouts } of runs) expect(timeouts).toEqual(runs[0]?.timeouts);
  });

  it.each(pipelines)('leave %s its longest way with every retry, and then the way back', async (file) => {
    const { spec } = await readPipeline(file);
    const last = (spec.finally ?? []).reduce((sum, task) => sum + mostOf(task), 0);
    for (const { where, timeouts } of runs) {
      const [whole, tasks, end] = [timeouts.pipeline, timeouts.tasks, timeouts.finally].map(inMs);
      expect(tasks, where).toBeGreaterThan(longestWay(spec.tasks));
      expect(end, where).toBeGreaterThan(last);
      expect(whole, where).toBe(Number(tasks) + Number(end));
    }
  });
});

type Timeouts = PipelineRun['spec']['timeouts'] & {};

/** Of the samples, of the listener's run, and of the README's command. */
async function timeoutsOfRuns(): Promise<{ where: string; timeouts: Timeouts }[]> {
  const samples = pipelines.map(async (file) => {
    const where = `pipelines/samples/${file}-run.yaml`;
    const { spec } = await readManifest<PipelineRun>(root + where, 'PipelineRun');
    return { where, timeouts: spec.timeouts ?? {} };
  });
  const { spec } = await readTriggeredRun();
  const triggered = { where: listener, timeouts: spec.timeouts ?? {} };
  const readme = await readFile(`${root}README.md`, 'utf8');
  const commands = [...readme.matchAll(/^tkn pipeline start .*$/gm)].map(([command]) => {
    const flag = (name: string) => new RegExp(`--${name}-timeout (\\S+)`).exec(command)?.[1] ?? '';
    const timeouts = { pipeline: flag('pipeline'), tasks: flag('tasks'), finally: flag('finally') };
    return { where: 'README.md', timeouts };
  });
  return [...(await Promise.all(samples)), triggered, ...commands];
}

const listener = 'triggers/eventlistener.yaml';

async function readTriggeredRun(): Promise<PipelineRun> {
  const [run] = parseAllDocuments(await readFile(root + listener, 'utf8'))
    .map((document) => document.toJS() as { spec: { resourcetemplates?: readonly PipelineRun[] } })
    .flatMap(({ spec }) => spec.resourcetemplates ?? []);
  if (!run) throw new Error(`${listener} makes no run`);
  return run;
}

/** The tasks of a matrix run side by side. */
function longestWay(tasks: readonly PipelineTask[]): number {
  const upTo = (task: PipelineTask): number => {
    const before = tasks.filter(({ name }) => dependencies(task).has(name));
    return mostOf(task) + Math.max(0, ...before.map(upTo));
  };
  return Math.max(...tasks.map(upTo));
}

/** Every attempt has the whole time-out. */
function mostOf({ timeout, retries = 0 }: PipelineTask): number {
  return inMs(timeout) * (1 + retries);
}

function inMs(duration = ''): number {
  const ms = parseDuration(duration);
  if (ms === undefined) throw new Error(`${duration} is no duration`);
  return ms;
}

describe('the run that the listener makes', () => {
  it('passes parameters that its Pipeline has', async () => {
    const { spec } = await readTriggeredRun();
    const pipeline = await readPipeline(spec.pipelineRef.name);
    const names = (pipeline.spec.params ?? []).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining((spec.params ?? []).map(({ name }) => name)));
  });
});

describe('the sharded Pipeline', () => {
  const stages = ({ taskRef }: PipelineTask) => taskRef.name === 'stage-model';

  it('is the other one in everything but how the model is staged', async () => {
    const [one, many] = await Promise.all([
      readPipeline('rollout-model'),
      readPipeline('rollout-model-sharded'),
    ]);
    const rest = ({ spec }: Pipeline) => ({
      params: spec.params?.filter(({ name }) => name !== 'shards'),
      results: spec.results,
      tasks: spec.tasks.filter((task) => !stages(task)),
      finally: spec.finally,
    });
    expect(rest(many)).toEqual(rest(one));
  });

  it('gives each phase what the Pipeline with one pod gives its step, and the commit that was planned', async () => {
    const [one, many] = await Promise.all([
      readPipeline('rollout-model'),
      readPipeline('rollout-model-sharded'),
    ]);
    const given = (task: PipelineTask | undefined) =>
      new Map(task?.params?.map(({ name, value }) => [name, value]));
    const wanted = given(one.spec.tasks.find(stages));
    const phases = many.spec.tasks.filter(stages);
    expect(phases.map((task) => given(task).get('phase'))).toEqual(['plan', 'move', 'commit']);
    for (const [i, task] of phases.entries()) {
      // Each may have to hash the whole source.
      expect(task.timeout).toBe(one.spec.tasks.find(stages)?.timeout);
      const values = given(task);
      const revision = i === 0 ? '$(params.revision)' : '$(tasks.plan-model.results.revision)';
      for (const [name, value] of new Map([...wanted, ['revision', revision]]))
        expect({ task: task.name, name, value: values.get(name) }).toEqual({ task: task.name, name, value });
    }
  });
});
