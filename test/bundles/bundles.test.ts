import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { specs } from '../../steps/index.ts';
import { exitCodes } from '../../steps/lib/errors.ts';
import { commonParams } from '../../steps/lib/step.ts';

const dist = new URL('../../dist/', import.meta.url).pathname;
let results: string;

beforeAll(async () => {
  results = await mkdtemp(join(tmpdir(), 'llm-rollout-bundles-'));
  await chmod(results, 0o777);
});

afterAll(() => rm(results, { recursive: true }));

/** A bundle as the pod runs it: nothing in its environment, and as root also a UID that no passwd entry knows. */
function run(name: string, words: readonly string[], env: Record<string, string> = {}) {
  const uid = process.getuid?.() === 0 ? { uid: 1_000_650_000, gid: 0 } : {};
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const options = { env, cwd: '/', ...uid };
    execFile(process.execPath, [join(dist, `${name}.mjs`), ...words], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

describe.each(specs.map((spec) => ({ name: spec.name, spec })))('$name.mjs', ({ name, spec }) => {
  it('shows in its help every flag and every exit code', async () => {
    const { code, stdout, stderr } = await run(name, ['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const param of Object.keys(spec.params)) expect(stdout).toContain(`--${param} `);
    for (const param of Object.keys(commonParams)) expect(stdout).not.toContain(`--${param} `);
    for (const exitCode of Object.values(exitCodes))
      expect(stdout).toMatch(new RegExp(`^ +${exitCode}  `, 'm'));
  });

  it('names all wrong inputs at once, and touches nothing', async () => {
    const words = [
      '--nope=1',
      'stray',
      ...Object.keys(spec.params).map((param) => `--${param}=$(params.${param})`),
    ];
    const { code, stderr } = await run(name, [...words, `--results-dir=${results}`]);
    expect(code).toBe(exitCodes.usage);
    expect(stderr).toMatch(/^error usage: \d+ inputs are wrong; nothing was touched$/m);
    for (const param of ['nope', ...Object.keys(spec.params)]) expect(stderr).toContain(`| --${param}: `);
    expect(stderr).toContain('"stray": is not a flag');
    expect(stderr).toMatch(/^Try: \S/m);
  });

  it('speaks JSON when asked', async () => {
    const { stderr } = await run(name, ['--nope=1'], { LOG_FORMAT: 'json' });
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { level: string; step: string });
    expect(lines[0]).toMatchObject({ level: 'error', step: name });
  });
});

describe('results', () => {
  it('hold the outcome of a failure and no partial file', async () => {
    await run('stage-model', ['--model=https://huggingface.co/a/b', `--results-dir=${results}`]);
    expect(await readdir(results)).toEqual(['outcome']);
    expect(await readFile(join(results, 'outcome'), 'utf8')).toMatch(
      /^usage: \d+ inputs are wrong; nothing was touched$/,
    );
  });

  it('are one line of JSON without a folder', async () => {
    const { stdout } = await run('stage-model', ['--model=a']);
    expect(JSON.parse(stdout)).toEqual({ outcome: expect.stringMatching(/^usage: /) });
  });
});
