import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const program = new URL('../../sandbox/model/serve.ts', import.meta.url).pathname;
const processes: ChildProcess[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-serve-'));
  await mkdir(join(folder, 'm'));
  await writeFile(join(folder, 'm/config.json'), '{"model_type":"gpt_oss"}');
  await writeFile(join(folder, 'm/model-00001-of-00001.safetensors'), 'x');
});
afterEach(async () => {
  for (const child of processes.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

test('serves the model’s folder with vLLM’s arguments, and ends on SIGTERM', async () => {
  const port = await freePort();
  const child = run([
    `--model=${folder}/m`,
    '--served-model-name',
    'gpt',
    'alias',
    `--port=${port}`,
    '--host=127.0.0.1',
  ]);
  await child.says('Application startup complete.');
  const models = await until(() => fetch(`http://127.0.0.1:${port}/v1/models`));
  expect(await models.json()).toMatchObject({ data: [{ id: 'gpt', root: `${folder}/m` }, { id: 'alias' }] });
  child.process.kill('SIGTERM');
  expect(await child.ended).toBe(0);
});

test.each([
  ['an unknown flag', ['--frobnicate', '1'], 2, 'vllm: error: unrecognized arguments: --frobnicate'],
  [
    'tools without a parser',
    ['--enable-auto-tool-choice'],
    1,
    '--enable-auto-tool-choice requires --tool-call-parser',
  ],
  [
    'an unknown parser',
    ['--tool-call-parser=nope'],
    1,
    "KeyError: 'invalid tool call parser: nope (chose from {",
  ],
  ['too long a context', ['--max-model-len=200000'], 1, 'is greater than the derived max_model_len'],
  [
    'no model there',
    ['--model=/nowhere'],
    1,
    "Invalid repository ID or local directory specified: '/nowhere'.",
  ],
] as const)('%s', async (_, args, code, words) => {
  const child = run([`--model=${folder}/m`, ...args]);
  expect(await child.ended).toBe(code);
  expect(child.output()).toContain(words);
});

test.each([
  ['not named', () => ({}), 'failed to download or load vocab file'],
  [
    'not there',
    () => ({ TIKTOKEN_ENCODINGS_BASE: join(folder, 'm') }),
    'No such file or directory (os error 2)',
  ],
])('0.16 and a vocabulary that is %s: exit 1 after the engine is up', async (_, env, words) => {
  const child = run([`--model=${folder}/m`], { MODEL_VERSION: '0.16', ...env() });
  expect(await child.ended).toBe(1);
  expect(child.output()).toMatch(/Supported tasks[^]*openai_harmony\.HarmonyError/);
  expect(child.output()).toContain(words);
});

function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [program, ...args], { env: { MODEL_START_MS: '1', ...env } });
  processes.push(child);
  let text = '';
  const more = (piece: Buffer) => void (text += piece.toString());
  child.stdout.on('data', more);
  child.stderr.on('data', more);
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    process: child,
    ended,
    output: () => text,
    says: (words: string) =>
      until(() =>
        text.includes(words) ? Promise.resolve(true) : Promise.reject(new Error(`it said only:\n${text}`)),
      ),
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (let n = 0; ; n += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (n === 400) throw error;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
