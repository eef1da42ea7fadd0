import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';

const bench = new URL('../bench/bench.ts', import.meta.url).pathname;

/** The ratios say nothing here, for the size is small; a program that fails ends the benchmark. */
test('the benchmark comes to its end with what it measures', async () => {
  const words = [bench, '--size=24MiB', '--sink=sandbox'];
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, words, (_missed, stdout, stderr) => resolve({ stdout, stderr }));
  });
  expect(stderr.replaceAll(/^.*(ExperimentalWarning|--trace-warnings).*\n/gm, '')).toBe('');
  expect(stdout.match(/^ {2}stage-model +[\d.]+ s /gm)).toHaveLength(3);
  expect(stdout).toMatch(/two against one: [\d.]+ /);
});
