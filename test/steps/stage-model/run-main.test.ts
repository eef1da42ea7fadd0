import { EventEmitter } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { runMain } from '../../../steps/stage-model/run-main.ts';
import { keys, model, startRig, threadProgram } from './rig.ts';
import { safetensors } from './staging.ts';

async function run(rig: Awaited<ReturnType<typeof startRig>>, flags: string[]) {
  const { args } = await rig.argumentsFor(flags);
  const lines: string[] = [];
  const signals = new EventEmitter();
  const code = await runMain(
    {
      argv: ['node', 'main.ts', ...args],
      env: {},
      stdout: { write: () => true },
      stderr: { write: (line) => lines.push(line) },
      on: (event, listener) => signals.on(event, listener),
      off: (event, listener) => signals.off(event, listener),
    },
    threadProgram.href,
  );
  return { code, log: lines.join('') };
}

test.each(['0', '2'])('stages by itself with --threads=%s', { timeout: 60_000 }, async (threads) => {
  const rig = await startRig({
    files: { 'config.json': '{"model_type":"llama"}', 'model.safetensors': safetensors(300_000) },
  });
  onTestFinished(() => rig.close());
  const { code, log } = await run(rig, [`--threads=${threads}`, '--vocabulary=never']);
  expect(code, log).toBe(exitCodes.ok);
  expect(rig.bucket.object('models', rig.manifestKey)).toBeDefined();
  expect(log).not.toContain(keys.secretAccessKey);
});

test('reads a folder, where it says so', async () => {
  const rig = await startRig({ files: { 'config.json': '{}' } });
  onTestFinished(() => rig.close());
  const folder = await mkdtemp(join(tmpdir(), 'run-main-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'config.json'), '{"model_type":"llama"}');
  const { code, log } = await run(rig, [`--source=file://${folder}`, '--vocabulary=never']);
  expect(code, log).toBe(exitCodes.ok);
  expect(log).toContain(`model=${model}`);
});
