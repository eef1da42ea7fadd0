import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runPipeline } from '../../sandbox/tekton.ts';
import { type Pipeline, type PipelineRun, readManifest, type Task } from '../../sandbox/tekton/manifests.ts';

let image: string;
let work: string;

/** A step that does what its flags say: writes results, fails, waits for a signal. */
const program = `
  import { writeFileSync, readFileSync, existsSync } from 'node:fs';
  const flags = Object.fromEntries(process.argv.slice(2).map((word) => word.slice(2).split(/=(.*)/s)));
  console.error('hello from ' + flags.name);
  if (flags.secret && existsSync(flags.secret + '/key')) console.error('key ' + readFileSync(flags.secret + '/key', 'utf8'));
  if (flags.wait) { process.on('SIGTERM', () => process.exit(143)); setInterval(() => {}, 1000); }
  else {
    if (flags.list) writeFileSync(flags.results + '/list', flags.list);
    if (flags.result) writeFileSync(flags.results + '/value', flags.result);
    if (flags['fail-unless'] && !existsSync(flags['fail-unless'])) { writeFileSync(flags['fail-unless'], ''); process.exit(65); }
    process.exit(Number(flags.exit ?? 0));
  }
`;

beforeAll(async () => {
  image = await mkdtemp(join(tmpdir(), 'tekton-image-'));
  work = await mkdtemp(join(tmpdir(), 'tekton-work-'));
  await writeFile(join(image, 'step.mjs'), program);
});

afterAll(async () => {
  await rm(image, { recursive: true });
  await rm(work, { recursive: true });
});

const params = ['name', 'result', 'list', 'exit', 'fail-unless', 'wait'];

const task: Task = {
  metadata: { name: 'echo' },
  spec: {
    params: [...params.map((name) => ({ name, default: '' })), { name: 'secret-name', default: 'absent' }],
    results: [{ name: 'value' }, { name: 'list', type: 'array' }],
    volumes: [{ name: 's', secret: { secretName: '$(params.secret-name)', optional: true } }],
    steps: [
      {
        name: 'run',
        image: 'localhost/test:1',
        command: ['node', '/opt/test/step.mjs'],
        args: [
          ...params.map((name) => `--${name}=$(params.${name})`),
          '--results=/tekton/results',
          '--secret=/run/s',
        ],
        volumeMounts: [{ name: 's', mountPath: '/run/s' }],
      },
    ],
  },
};

type PipelineTasks = Pipeline['spec']['tasks'];

const echo = (
  name: string,
  values: Record<string, string> = {},
  more: Partial<PipelineTasks[number]> = {},
) => ({
  name,
  taskRef: { name: 'echo' },
  params: Object.entries({ name, ...values }).map(([key, value]) => ({ name: key, value })),
  ...more,
});

async function run(
  spec: Pipeline['spec'],
  { params: given = [], signal }: { params?: PipelineRun['spec']['params']; signal?: AbortSignal } = {},
) {
  const lines: string[] = [];
  const end = await runPipeline({
    pipeline: { metadata: { name: 'p' }, spec },
    run: { metadata: {}, spec: { pipelineRef: { name: 'p' }, params: given ?? [] } },
    name: 'p-1',
    namespace: 'test',
    tasks: new Map([['echo', task]]),
    host: {
      workFolder: work,
      images: { 'localhost/test': { '/opt/test': image } },
      readSecret: async (name) => (name === 'there' ? { key: Buffer.from('k') } : undefined),
      readConfigMap: async () => undefined,
      kubeconfig: async () => '/nonexistent',
    },
    signal: signal ?? new AbortController().signal,
    onLine: (name, step, line) => lines.push(`[${name} : ${step}] ${line}`),
  });
  return { ...end, lines, statuses: Object.fromEntries(end.tasks.map(({ name, status }) => [name, status])) };
}

describe('runPipeline', () => {
  it('hands results on and gives the Pipeline its own', async () => {
    const end = await run({
      params: [{ name: 'word', default: 'a' }],
      tasks: [
        echo('second', { result: '$(tasks.first.results.value)b' }),
        echo('first', { result: '$(params.word)' }),
      ],
      results: [{ name: 'all', value: '<$(tasks.second.results.value)>' }],
    });
    expect(end.status).toBe('Succeeded');
    expect(end.results.get('all')).toBe('<ab>');
    expect(end.lines).toEqual(['[first : run] hello from first', '[second : run] hello from second']);
  });

  it('starts nothing after a failure, and runs finally with the statuses and the results of the failed task', async () => {
    const end = await run({
      tasks: [echo('bad', { exit: '65', result: 'why' }), echo('next', {}, { runAfter: ['bad'] })],
      finally: [
        echo('settle', { result: '$(tasks.bad.status) $(tasks.next.status) $(tasks.bad.results.value)' }),
      ],
    });
    expect(end.status).toBe('Failed');
    expect(end.statuses).toEqual({ bad: 'Failed', next: 'None', settle: 'Succeeded' });
    expect(end.tasks.find(({ name }) => name === 'settle')?.results.get('value')).toBe('Failed None why');
    expect(end.tasks.find(({ name }) => name === 'bad')?.exitCode).toBe(65);
  });

  it('skips by when, skips who reads results of the skipped, and runs who only comes after', async () => {
    const end = await run({
      tasks: [
        echo('a', { result: 'no' }),
        echo(
          'b',
          { result: 'x' },
          { when: [{ input: '$(tasks.a.results.value)', operator: 'in', values: ['yes'] }] },
        ),
        echo('reader', { result: '$(tasks.b.results.value)' }),
        echo('after', {}, { runAfter: ['b'] }),
      ],
      finally: [echo('fin', { result: '$(tasks.b.results.value)' })],
    });
    expect(end.statuses).toEqual({
      a: 'Succeeded',
      b: 'None',
      reader: 'None',
      after: 'Succeeded',
      fin: 'None',
    });
    expect(end.status).toBe('Completed');
  });

  it('repeats a failed task as often as its retries say', async () => {
    const flag = join(work, 'second-time');
    const end = await run({ tasks: [echo('flaky', { 'fail-unless': flag }, { retries: 1 })] });
    expect(end.status).toBe('Succeeded');
    expect(end.tasks[0]?.attempts).toBe(2);
    await rm(flag);
  });

  it('ends a task at its time-out with SIGTERM', async () => {
    const end = await run({ tasks: [echo('slow', { wait: '1' }, { timeout: '300ms' })] });
    expect(end.tasks[0]).toMatchObject({ status: 'Failed', reason: 'TaskRunTimeout', exitCode: 143 });
  });

  it('runs no finally when the run is cancelled', async () => {
    const end = await run(
      { tasks: [echo('slow', { wait: '1' })], finally: [echo('settle')] },
      { signal: AbortSignal.timeout(400) },
    );
    expect(end.status).toBe('Cancelled');
    expect(end.statuses).toEqual({ slow: 'Failed' });
  });

  it('mounts Secrets as files, leaves an optional one out, and deletes the files of a task', async () => {
    const end = await run({
      tasks: [echo('with', { 'secret-name': 'there' }), echo('without', {}, { runAfter: ['with'] })],
    });
    expect(end.lines).toContain('[with : run] key k');
    expect(end.status).toBe('Succeeded');
    expect(await readdir(work)).toEqual([]);
  });

  it.each([
    ['an unknown parameter of a task', { tasks: [echo('a', { nope: '1' })] }, /task a has no parameter nope/],
    [
      'a cycle',
      { tasks: [echo('a', {}, { runAfter: ['b'] }), echo('b', {}, { runAfter: ['a'] })] },
      /wait for each other: a, b/,
    ],
    ['a task that is not there', { tasks: [echo('a', {}, { runAfter: ['z'] })] }, /waits for z/],
    [
      'a variable that nothing gives',
      { tasks: [echo('a', { result: '$(params.nope)' })] },
      /nothing gives \$\(params\.nope\)/,
    ],
  ])('refuses %s', async (_, spec, message) => {
    await expect(run(spec)).rejects.toThrow(message);
  });

  it('does not substitute inside values', async () => {
    const end = await run({
      params: [{ name: 'word', default: '$(params.other)' }],
      tasks: [echo('a', { result: '$(params.word)' })],
    });
    expect(end.tasks[0]?.results.get('value')).toBe('$(params.other)');
  });
});

describe('a matrix', () => {
  const list = '$(tasks.plan.results.list[*])';
  const fan = (
    name: string,
    matrix: Record<string, string | string[]>,
    values: Record<string, string> = {},
    more: Partial<PipelineTasks[number]> = {},
  ) => ({
    ...echo(name, values, more),
    params: Object.entries(values).map(([key, value]) => ({ name: key, value })),
    matrix: { params: Object.entries(matrix).map(([key, value]) => ({ name: key, value })) },
  });

  it('fans out over the whole list that a task before it gave', async () => {
    const end = await run({
      tasks: [
        fan('move', { name: list }, { result: 'x' }),
        echo('plan', { list: '["1/2","2/2"]' }),
        echo('after', {}, { runAfter: ['move'] }),
      ],
    });
    expect(end.statuses).toEqual({ plan: 'Succeeded', move: 'Succeeded', after: 'Succeeded' });
    expect(end.lines.slice(1, 3).toSorted()).toEqual([
      '[move-0 : run] hello from 1/2',
      '[move-1 : run] hello from 2/2',
    ]);
  });

  it("makes every combination, in Tekton's order", async () => {
    const end = await run({ tasks: [fan('m', { name: ['a', 'b'], result: ['x', 'y'] })] });
    const runs = end.tasks[0]?.runs ?? [];
    expect(runs.map(({ name, results }) => `${name} ${results.get('value')}`)).toEqual([
      'm-0 x',
      'm-1 x',
      'm-2 y',
      'm-3 y',
    ]);
    expect(end.lines.filter((line) => line.includes('hello from b')).toSorted()).toEqual([
      '[m-1 : run] hello from b',
      '[m-3 : run] hello from b',
    ]);
  });

  it('repeats only the one that failed, and fails when it fails for good', async () => {
    const flags = ['x', 'y'].map((name) => join(work, name));
    await writeFile(flags[1] ?? '', '');
    const once = await run({
      tasks: [fan('m', { 'fail-unless': flags }, { name: 'm' }, { retries: 1 })],
    });
    expect(once.tasks[0]?.runs?.map(({ attempts }) => attempts)).toEqual([2, 1]);
    expect(once.status).toBe('Succeeded');
    await Promise.all(flags.map((path) => rm(path)));
    const bad = await run({
      tasks: [fan('m', { exit: ['0', '75'] }, { name: 'm' }), echo('next', {}, { runAfter: ['m'] })],
      finally: [echo('settle', { result: '$(tasks.m.status)' })],
    });
    expect(bad.statuses).toEqual({ m: 'Failed', next: 'None', settle: 'Succeeded' });
    expect(bad.tasks.find(({ name }) => name === 'm')).toMatchObject({ exitCode: 75 });
    expect(bad.tasks.find(({ name }) => name === 'settle')?.results.get('value')).toBe('Failed');
  });

  it('is skipped when its list is empty', async () => {
    const end = await run({ tasks: [echo('plan', { list: '[]' }), fan('m', { name: list })] });
    expect(end.statuses).toEqual({ plan: 'Succeeded', m: 'None' });
  });

  it.each([
    ['text', '1/2', /"list": task result is expected to be "array" type .* different type "string"/],
    ['numbers', '[1,2]', /different type "string"/],
  ])('fails the task that gives %s where it declares an array', async (_, value, reason) => {
    const end = await run({ tasks: [echo('plan', { list: value })] });
    expect(end.tasks[0]).toMatchObject({ status: 'Failed', reason: expect.stringMatching(reason) });
  });

  it('fails the task that gives an array where it declares text', async () => {
    const end = await run({ tasks: [echo('plan', { result: '["a"]' })] });
    expect(end.tasks[0]).toMatchObject({ status: 'Failed' });
  });

  const plan = echo('plan', { list: '["a"]' });
  it.each<[string, PipelineTasks, RegExp]>([
    ['a string that is no list', [fan('m', { name: 'a' })], /parameters of type array only are allowed/],
    ['a list and more text', [plan, fan('m', { name: `${list}x` })], /parameters of type array only/],
    ['a list in one element', [plan, fan('m', { name: [list] })], /a list where Tekton wants a string/],
    [
      'a result that is no list',
      [plan, fan('m', { name: '$(tasks.plan.results.value[*])' })],
      /no result of type array/,
    ],
    ['a list of params', [fan('m', { name: '$(params.names[*])' })], /does not implement/],
    [
      'a parameter in both',
      [fan('m', { name: ['a'] }, { name: 'b' })],
      /got both matrix\[name\] and params\[name\]/,
    ],
    ['a parameter that the Task has not', [fan('m', { nope: ['a'] })], /nope is no parameter of the Task/],
    ['257 combinations', [fan('m', { name: Array.from({ length: 257 }, String) })], /257 <= 256/],
    ['no parameter', [fan('m', {})], /without params/],
    [
      'one of its results',
      [fan('m', { name: ['a'] }), echo('b', { result: '$(tasks.m.results.value)' })],
      /can only be consumed in aggregate/,
    ],
    [
      'its results in aggregate, which the sandbox does not implement',
      [fan('m', { name: ['a'] }), echo('b', { result: '$(tasks.m.results.value[*])' })],
      /does not implement results of the matrixed task m/,
    ],
    ['a list outside of a matrix', [plan, echo('b', { result: list })], /a list where Tekton wants a string/],
    ['a list without its star', [plan, echo('b', { result: '$(tasks.plan.results.list)' })], /a list where/],
  ])('is refused with %s', async (_, tasks, message) => {
    await expect(run({ tasks })).rejects.toThrow(message);
  });
});

describe('readManifest', () => {
  it.each([
    [
      'include of a matrix',
      { tasks: [{ name: 'a', taskRef: { name: 'echo' }, matrix: { include: [] } }] },
      'Pipeline.spec.tasks[0].matrix.include',
    ],
    [
      'a matrix in finally',
      { tasks: [], finally: [{ name: 'a', taskRef: { name: 'echo' }, matrix: {} }] },
      'Pipeline.spec.finally[0].matrix',
    ],
    [
      'a workspace that has to be bound',
      { workspaces: [{ name: 'w' }], tasks: [] },
      'Pipeline.spec.workspaces[0] without optional: true',
    ],
    [
      'object params',
      { params: [{ name: 'p', default: { a: 'b' } }], tasks: [] },
      'Pipeline.spec.params[0].default',
    ],
  ])('refuses %s, which it does not implement', async (_, spec, field) => {
    const path = join(work, 'pipeline.yaml');
    await writeFile(
      path,
      stringify({ apiVersion: 'tekton.dev/v1', kind: 'Pipeline', metadata: { name: 'p' }, spec }),
    );
    await expect(readManifest(path, 'Pipeline')).rejects.toThrow(field);
    await rm(path);
  });
});
