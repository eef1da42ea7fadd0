import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'llm-rollout-start-'));
});

const running = new Set<ChildProcess>();

afterEach(async () => {
  for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
  running.clear();
  await rm(temporary, { recursive: true });
});

/** The demo as `npm start` runs it, in a process group and a temporary folder of its own. */
function start(words: readonly string[], node: readonly string[] = ['sandbox/start.ts']) {
  const child = spawn(process.execPath, [...node, ...words], {
    cwd: root,
    env: { ...process.env, TMPDIR: temporary },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, ended, text: () => text };
}

async function seen(run: ReturnType<typeof start>, what: RegExp): Promise<void> {
  while (!what.test(run.text())) {
    if (run.child.exitCode !== null) throw new Error(`ended before ${what}:\n${run.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** As a terminal does it: to everybody in the foreground. */
function interrupt({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGINT');
}

describe('npm start', () => {
  it('rolls out, reports, and leaves nothing but the bundles', async () => {
    const run = start(['--model-size=64MiB']);
    expect(await run.ended, run.text()).toBe(0);
    const text = run.text();
    expect(text).toMatch(/^\[stage-model : stage-model\] staged {2}/m);
    expect(text).toMatch(/^settle-rollout +ok +\d+\.\d$/m);
    expect(text).toMatch(/^revision +[0-9a-f]{40}$/m);
    expect(text).toMatch(/^ {2}models\/openai\/gpt-oss-20b\/[0-9a-f]{40}\/config\.json +\d+$/m);
    expect(text).toMatch(/^PipelineRun: Succeeded$/m);
    expect(text).not.toContain('the sandbox does not know');
    expect(await readdir(temporary)).toEqual([]);
  });

  it('ends at once with Ctrl-C, and leaves nothing then either', async () => {
    const run = start(['--model-size=512MiB']);
    await seen(run, /resolved {2}model=/);
    interrupt(run.child);
    expect(await run.ended).toBe(130);
    expect(run.text()).toMatch(/PipelineRun: Cancelled/);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('says that a port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const run = start([`--port=${port}`, '--model-size=64MiB']);
    expect(await run.ended).toBe(1);
    expect(run.text()).toBe(
      `port ${port} is taken by another program.\nTry: npm start -- --port 0   (takes any that is free)\n`,
    );
    await new Promise((resolve) => other.close(resolve));
    expect(await readdir(temporary)).toEqual([]);
  });

  it('says that a model has no room', async () => {
    const run = start(['--model-size=9000TiB']);
    expect(await run.ended).toBe(1);
    expect(run.text()).toMatch(
      /^the objects of the demo take 9216000\.0 GiB, and \S+ has [\d.]+ GiB free\.\nTry: /,
    );
  });

  it('names wrong flags', async () => {
    const run = start(['--fast']);
    expect(await run.ended).toBe(64);
    expect(run.text()).toBe('--fast: no such flag\nTry: npm start -- --help\n');
  });
});

describe('require-node', () => {
  it.each([
    ['20.20.2', 1],
    ['24.13.9', 1],
    ['24.14.0', 0],
    ['26.1.0', 0],
  ])('with Node %s ends with %d', async (version, exitCode) => {
    const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`;
    const run = start(
      [],
      ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, 'sandbox/require-node.mjs'],
    );
    expect(await run.ended).toBe(exitCode);
    expect(run.text()).toMatch(
      exitCode === 0 ? /^$/ : /needs Node 24\.14 or newer, and this is Node [\d.]+\.\nTry: npm ci/,
    );
  });
});
