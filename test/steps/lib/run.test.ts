import { EventEmitter } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exitCodes, type Failure, StepError } from '../../../steps/lib/errors.ts';
import { runAsProcess, runStep, type StepContext } from '../../../steps/lib/run.ts';
import { defineStep, type ResultsOf } from '../../../steps/lib/step.ts';

const spec = defineStep({
  name: 'try-step',
  displayName: 'Try',
  summary: 'Tries the runner.',
  params: {
    model: { kind: 'string', description: 'm', pattern: '[a-z]+/[a-z]+', shape: 'an owner/name' },
    tries: { kind: 'integer', description: 't', default: '3', min: '1' },
  },
  secrets: { 's3-secret': { description: 'bucket', default: 'b', keys: { KEY: { secret: true } } } },
  results: { 'manifest-digest': { description: 'd' }, revision: { description: 'r' } },
  permissions: [],
  resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '64Mi' } },
});

type Context = StepContext<typeof spec>;
type Given = ResultsOf<typeof spec>;

const good: Given = { manifestDigest: 'sha256:1', revision: 'abc', outcome: 'ok' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'run-'));
  await mkdir(join(folder, 'results'));
  await mkdir(join(folder, 's3'));
  await writeFile(join(folder, 's3', 'KEY'), 'key-of-the-bucket');
});
afterEach(() => rm(folder, { recursive: true }));

function world(flags: readonly string[], env: Record<string, string> = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const signals = new EventEmitter();
  return {
    argv: ['node', 'try-step.mjs', ...flags],
    env,
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    on: (event: string, listener: () => void) => signals.on(event, listener),
    off: (event: string, listener: () => void) => signals.off(event, listener),
    send: (event: string) => signals.emit(event),
    listeners: () => signals.listenerCount('SIGTERM') + signals.listenerCount('SIGINT'),
    out: () => out.join(''),
    err: () => err.join(''),
  };
}

const flags = (...more: string[]) => [
  '--model=a/b',
  `--s3-secret-dir=${join(folder, 's3')}`,
  `--results-dir=${join(folder, 'results')}`,
  ...more,
];

async function results() {
  const names = await readdir(join(folder, 'results'));
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [name, await readFile(join(folder, 'results', name), 'utf8')] as const),
    ),
  );
}

describe('a step that succeeds', () => {
  test('gets its inputs, writes its results under their kebab-case names and ends with 0', async () => {
    const here = world(flags('--namespace=models', '--task-run=run-1'));
    let seen: Context | undefined;
    const code = await runStep(spec, here, async (context) => {
      seen = context;
      return good;
    });
    expect(code).toBe(0);
    expect(seen).toMatchObject({
      params: { model: 'a/b', tries: 3 },
      secrets: { s3Secret: { KEY: 'key-of-the-bucket' } },
      namespace: 'models',
      taskRun: 'run-1',
    });
    expect(await results()).toEqual({ 'manifest-digest': 'sha256:1', revision: 'abc', outcome: 'ok' });
    expect(here.out()).toBe('');
    expect(here.err()).toContain('result  manifest-digest=sha256:1\n');
    expect(here.listeners()).toBe(0);
  });

  test('writes a list as the JSON that Tekton reads an array from', async () => {
    const listing = { ...spec, results: { shards: { kind: 'list', description: 's' } } } as const;
    const code = await runStep(listing, world(flags()), async () => ({
      shards: ['1/2', '2/2'],
      outcome: 'ok' as const,
    }));
    expect(code).toBe(0);
    expect(await results()).toEqual({ shards: '["1/2","2/2"]', outcome: 'ok' });
  });

  test.each([[[]], [['--results-dir=']]])(
    'prints its results as one line of JSON when run by hand (%j)',
    async (more) => {
      const here = world(['--model=a/b', `--s3-secret-dir=${join(folder, 's3')}`, ...more]);
      expect(await runStep(spec, here, async () => good)).toBe(0);
      expect(JSON.parse(here.out())).toEqual({
        'manifest-digest': 'sha256:1',
        revision: 'abc',
        outcome: 'ok',
      });
    },
  );

  test('speaks JSON when asked to', async () => {
    const here = world(flags(), { LOG_FORMAT: 'json' });
    await runStep(spec, here, async ({ log }) => {
      log.info('moved', { bytes: 3 });
      return good;
    });
    const lines = here
      .err()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines[0]).toMatchObject({ level: 'info', step: 'try-step', event: 'moved', bytes: 3 });
  });
});

test('--help prints the help and runs nothing', async () => {
  const here = world(['--help']);
  const code = await runStep(spec, here, () => Promise.reject(new Error('must not run')));
  expect(code).toBe(0);
  expect(here.out()).toContain('--model');
});

test('all wrong inputs are reported at once, with 64, before anything runs', async () => {
  const here = world([
    '--model=https://x',
    '--tries=0',
    '--frobnicate=1',
    'stray',
    `--results-dir=${join(folder, 'results')}`,
  ]);
  const code = await runStep(spec, here, () => Promise.reject(new Error('must not run')));
  expect(code).toBe(64);
  expect(here.err()).toBe(
    [
      'error usage: 5 inputs are wrong; nothing was touched',
      '  | "stray": is not a flag; flags are --name=value',
      '  | --frobnicate: no such flag',
      '  | --model: "https://x" is not an owner/name',
      '  | --tries: 0 is less than 1',
      '  | --s3-secret-dir: is required: the folder that the Secret is mounted in',
      'Try: tkn task describe try-step   (what each parameter may be)',
      '',
    ].join('\n'),
  );
  expect(await results()).toEqual({ outcome: 'usage: 5 inputs are wrong; nothing was touched' });
});

describe('a step that fails', () => {
  const failures = (Object.keys(exitCodes) as (keyof typeof exitCodes)[]).filter(
    (name): name is Failure => name !== 'ok',
  );

  test.each(failures)(
    'with %s ends with its code, headline, evidence, Try line and outcome',
    async (failure) => {
      const here = world(flags());
      const code = await runStep(spec, here, () =>
        Promise.reject(new StepError(failure, 'it broke\nin two', { evidence: ['seen'], hint: 'mend it' })),
      );
      expect(code).toBe(exitCodes[failure]);
      expect(here.err()).toContain(`error ${failure}: it broke\\nin two\n  | seen\n`);
      expect(here.err()).toMatch(/^Try: mend it$/m);
      expect(await results()).toEqual({ outcome: `${failure}: it broke` });
      expect(here.listeners()).toBe(0);
    },
  );

  test('shows the stack of a defect of ours, cause by cause', async () => {
    const here = world(flags());
    const code = await runStep(spec, here, () =>
      Promise.reject(new TypeError('x is undefined', { cause: new Error('deep down') })),
    );
    expect(code).toBe(70);
    expect(here.err()).toContain('TypeError: x is undefined');
    expect(here.err()).toContain('Error: deep down');
    expect(here.err()).toContain('run.test.ts');
  });

  test('masks secrets in every line and in the outcome', async () => {
    const here = world(flags(), { LOG_LEVEL: 'debug' });
    await runStep(spec, here, ({ secrets }) =>
      Promise.reject(
        new StepError('refused', `bad ${secrets.s3Secret.KEY}`, {
          evidence: [`key ${secrets.s3Secret.KEY}`],
          hint: `drop ${secrets.s3Secret.KEY}`,
          cause: new Error(secrets.s3Secret.KEY),
        }),
      ),
    );
    expect(here.err()).not.toContain('key-of-the-bucket');
    expect(await results()).toEqual({ outcome: 'refused: bad ***' });
  });

  test('never alters a result that it shares a piece of a secret with: it fails, and says whose', async () => {
    const here = world(flags());
    const code = await runStep(spec, here, async () => ({ ...good, revision: 'models/of-the-bucket/' }));
    expect(code).toBe(64);
    expect(await results()).toEqual({
      outcome: 'usage: the value of KEY in s3-secret also occurs in the result revision',
    });
    expect(here.err()).toContain('  | revision=models/***/ (');
    expect(here.err()).toMatch(/^Try: oc set data secret\/<s3-secret> /m);
  });

  test('masks what only people read', async () => {
    const here = world(flags());
    const told = { ...spec, results: { metrics: { description: 'm', forPeople: true } } } as const;
    const code = await runStep(told, here, async () => ({ metrics: 'at of-the-bucket', outcome: 'ok' }));
    expect(code).toBe(0);
    expect(await results()).toMatchObject({ metrics: 'at ***', outcome: 'ok' });
  });

  test('cuts a long outcome between characters', async () => {
    const here = world(flags());
    await runStep(spec, here, () =>
      Promise.reject(new StepError('check', 'ж'.repeat(1000), { hint: 'shorten' })),
    );
    const { outcome = '' } = await results();
    expect(Buffer.byteLength(outcome)).toBeLessThanOrEqual(256);
    expect(outcome).toMatch(/^check: ж+$/);
  });

  test('cannot put lines of its own making into the log', async () => {
    const here = world(flags());
    await runStep(spec, here, () =>
      Promise.reject(
        new StepError('check', 'x', { evidence: ['a\nresult  outcome=ok'], hint: 'y\nresult  outcome=ok' }),
      ),
    );
    expect(here.err()).not.toMatch(/^result/m);
  });

  test('says so when even the outcome cannot be written, and keeps the first failure', async () => {
    const here = world(flags('--tries=4').with(2, `--results-dir=${join(folder, 'absent')}`));
    const code = await runStep(spec, here, () =>
      Promise.reject(new StepError('check', 'the real reason', { hint: 'x' })),
    );
    expect(code).toBe(65);
    expect(here.err()).toContain('error check: the real reason');
    expect(here.err()).toContain('error unavailable: cannot write the result outcome');
  });

  test('with results that do not fit fails as a defect and writes none of them', async () => {
    const here = world(flags());
    const code = await runStep(spec, here, async () => ({ ...good, revision: 'x'.repeat(3000) }));
    expect(code).toBe(70);
    expect(Object.keys(await results())).toEqual(['outcome']);
  });
});

describe.each(['SIGTERM', 'SIGINT'])('%s', (name) => {
  /** Sends the signal while the handler runs, and lets it end as `handler` says. */
  async function stopped(handler: (context: Context) => Promise<Given>) {
    const here = world(flags());
    const code = await runStep(spec, here, (context) => {
      here.send(name);
      return handler(context);
    });
    return { code, here, outcome: (await results())['outcome'] };
  }

  test('stops a step that lets the reason through with 143', async () => {
    const { code, here, outcome } = await stopped(async ({ signal }) => {
      signal.throwIfAborted();
      return good;
    });
    expect(code).toBe(143);
    expect(outcome).toBe(`stopped: stopped by ${name}`);
    expect(here.err()).toMatch(/^Try: start the run again/m);
    expect(here.listeners()).toBe(0);
  });

  test.each([
    ['an AbortError of a library', new DOMException('This operation was aborted', 'AbortError')],
    ['an adapter that took the cut for an outage', new StepError('unavailable', 'cut', { hint: 'x' })],
    ['a defect', new TypeError('x')],
  ])('is the reason that counts when the step then ends with %s', async (_, error) => {
    const { code, outcome } = await stopped(() => Promise.reject(error));
    expect(code).toBe(143);
    expect(outcome).toBe(`stopped: stopped by ${name}`);
  });

  test('does not undo a step that was already done', async () => {
    const { code, outcome } = await stopped(async () => good);
    expect(code).toBe(0);
    expect(outcome).toBe('ok');
  });

  test('sent again ends a step that does not listen', async () => {
    const here = world(flags());
    const code = await runStep(spec, here, () => {
      here.send(name);
      here.send(name);
      return new Promise<Given>(() => {});
    });
    expect(code).toBe(143);
  });
});

describe('a process of its own', () => {
  test.each([
    [0, async () => good],
    [77, () => Promise.reject(new StepError('refused', 'no', { hint: 'x' }))],
  ])('ends with %i once the results are written', async (code, handler) => {
    class Ended extends Error {}
    const exits: number[] = [];
    const exit = (ended: number): never => {
      exits.push(ended);
      throw new Ended();
    };
    await expect(runAsProcess(spec, { ...world(flags()), exit }, handler)).rejects.toThrow(Ended);
    expect(exits).toEqual([code]);
    expect(await results()).toHaveProperty('outcome');
  });
});
