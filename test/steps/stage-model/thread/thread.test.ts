import { afterEach, describe, expect, test } from 'vitest';
import { StepError } from '../../../../steps/lib/errors.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { startThread, type Thread, type ThreadSetup } from '../../../../steps/stage-model/thread/thread.ts';
import { commit, model } from '../staging.ts';

const running: Thread[] = [];
afterEach(async () => {
  for (const thread of running.splice(0)) await thread.end();
});

const setup: ThreadSetup = {
  source: { kind: 'hub', endpoint: 'https://hub.test', token: undefined, model, commit },
  env: {},
};

/** A thread that runs this text. */
function start(text: string, lines: string[] = []): Thread {
  const imports = "import { parentPort as port } from 'node:worker_threads';";
  const thread = startThread({
    program: new URL(`data:text/javascript,${encodeURIComponent(imports + text)}`),
    setup,
    log: createLog({ write: (line) => lines.push(line.trimEnd()), env: {}, step: 'stage-model' }),
    onSlowDown: () => lines.push('slow down'),
    onRetry: (server, cause) => lines.push(`retried ${server} ${cause}`),
  });
  running.push(thread);
  return thread;
}

const wanted = { crc32: true, sha256: false };
const task = { do: 'digest', body: Buffer.alloc(0), wanted } as const;
const failing = (work: Promise<unknown>) => work.catch((thrown: unknown) => thrown);

test('answers go to who asked, whatever their order', async () => {
  const thread = start(`
    const asked = [];
    port.on('message', (message) => {
      asked.push(message);
      if (asked.length === 2) for (const { id } of asked.reverse()) port.postMessage({ id, done: 'of ' + id });
    });`);
  const asking = [thread.ask(task, 10), thread.ask(task, 20)];
  expect(thread.load).toBe(30);
  expect(await Promise.all(asking)).toEqual(['of 1', 'of 2']);
  expect(thread.load).toBe(0);
});

test('bytes that came, lines and slow-downs are passed on while it works', async () => {
  const lines: string[] = [];
  const thread = start(
    `port.once('message', ({ id }) => {
      port.postMessage({ id, came: 5 });
      port.postMessage({ log: 'warn', event: 'trying again', fields: { authorization: 'Bearer abcdefgh' } });
      port.postMessage({ slowDown: true });
      port.postMessage({ retried: 's3', cause: '503' });
      port.postMessage({ id, done: undefined });
    });`,
    lines,
  );
  const came: number[] = [];
  await thread.ask(task, 0, { came: (bytes) => came.push(bytes) });
  expect(came).toEqual([5]);
  expect(lines).toEqual(['warn trying again  authorization="Bearer ***"', 'slow down', 'retried s3 503']);
});

test('an abort is passed on, and waited for: the bytes are in use until the thread has let go', async () => {
  const thread = start(`
    let asked;
    port.on('message', (message) => {
      if ('task' in message) asked = message.id;
      else setTimeout(() => port.postMessage({ id: asked, done: undefined }), 50);
      if ('task' in message) port.postMessage({ id: asked, came: 1 });
    });`);
  const stop = new AbortController();
  const { promise: begun, resolve } = Promise.withResolvers<number>();
  const asking = thread.ask(task, 10, { signal: stop.signal, came: resolve });
  await begun;
  stop.abort(new Error('stopped by SIGTERM'));
  expect(thread.load).toBe(10);
  // It had ended in time.
  await expect(asking).resolves.toBeUndefined();
  await expect(thread.ask(task, 10, { signal: stop.signal })).rejects.toThrow('stopped by SIGTERM');
});

test('says how busy it was since it was asked last', async () => {
  const thread = start(`
    port.on('message', ({ id }) => {
      const until = performance.now() + 300;
      while (performance.now() < until);
      port.postMessage({ id, done: undefined });
    });`);
  await thread.ask(task, 0);
  thread.busy();
  await thread.ask(task, 0);
  expect(thread.busy()).toBeGreaterThan(0.8);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(thread.busy()).toBeLessThan(0.2);
});

describe('a thread that ends', () => {
  test('fails what it was asked, and what it is asked later', async () => {
    const thread = start("port.once('message', () => process.exit(9));");
    const errors = await Promise.all([failing(thread.ask(task, 1)), failing(thread.ask(task, 1))]);
    errors.push(await failing(thread.ask(task, 1)));
    for (const error of errors) {
      expect(error).toBeInstanceOf(StepError);
      expect(error).toMatchObject({ failure: 'internal', evidence: ['exit code 9 (worker thread)'] });
      expect(error).toHaveProperty('hint', expect.stringContaining('--threads=0'));
    }
  });

  test('by an error that nobody catches tells it', async () => {
    const thread = start("setTimeout(() => { throw new Error('a defect') });");
    const error = await failing(thread.ask(task, 1));
    expect(error).toMatchObject({ evidence: ['Error: a defect (worker thread)'] });
  });
});
