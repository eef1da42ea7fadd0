import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { output } from '../command.ts';
import { isLocked } from '../lock.ts';
import { moduleFolder } from '../modules.ts';
import { startProcess } from './start-process.ts';
import { readTraces } from './traces.ts';

async function emptyCache(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-rollout-cache-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('a machine that cannot run it', () => {
  test('has no programs: they are named with the line that brings them', async () => {
    const { code, said } = await startProcess({ PATH: '', XDG_CACHE_HOME: await emptyCache() }).ended;
    expect(code).toBe(1);
    expect(said).toMatch(
      /^This machine cannot run the cluster yet\.\nPrograms are missing: containerd, .*\.\n  Try: apt-get install -y containerd /,
    );
  });

  test('gives no root', async () => {
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--'];
    const { code, said } = await startProcess({ XDG_CACHE_HOME: await emptyCache() }, nobody).ended;
    expect(code).toBe(1);
    expect(said).toContain(
      'Root is needed for namespaces, mounts and containers.\n  Try: sudo npm run cluster',
    );
  });

  test('has no room on its disk', async () => {
    const cache = await emptyCache();
    const small = `truncate -s 64M ${cache}/disk && mkfs.ext4 -q ${cache}/disk && mkdir ${cache}/at && mount -o loop ${cache}/disk ${cache}/at && exec "$0" "$@"`;
    const inside = ['unshare', '--mount', 'sh', '-c', small];
    const { code, said } = await startProcess({ XDG_CACHE_HOME: `${cache}/at` }, inside).ended;
    expect(code).toBe(1);
    expect(said).toMatch(
      /at\/llm-rollout has 0 GiB free; the first build, with Go’s caches, needs 25\.\n  Try: /,
    );
  });

  test('keeps the cache in memory', async () => {
    const { code, said } = await startProcess({ XDG_CACHE_HOME: '/dev/shm' }).ended;
    await rm('/dev/shm/llm-rollout', { recursive: true, force: true });
    expect(code).toBe(1);
    expect(said).toContain('/dev/shm/llm-rollout is on tmpfs; containers need a real disk.');
  });

  test('cannot fetch a module: its name, the last lines, and where the log is', async () => {
    const cache = await emptyCache();
    const env = { XDG_CACHE_HOME: cache, GOPROXY: 'off', GOMODCACHE: join(cache, 'modules') };
    const { code, said } = await startProcess(env).ended;
    expect(code).toBe(1);
    expect(said).toMatch(/^\w+ did not build\./m);
    expect(said).toContain('module lookup disabled by GOPROXY=off');
    expect(said).toMatch(/llm-rollout\/logs\/build-\w+\.log/);
    expect(said.split('\n').length).toBeLessThan(40);
  });
});

test('the files of a module that Go has not fetched yet are fetched', async () => {
  const [known, proxy] = (await output('go', ['env', 'GOMODCACHE', 'GOPROXY'])).trim().split('\n');
  const env = { GOMODCACHE: await emptyCache(), GOPROXY: `file://${known}/cache/download,${proxy}` };
  const folder = await moduleFolder('triggers', 'github.com/tektoncd/triggers', env);
  expect(await readdir(folder)).toContain('config');
});

test('a cluster refuses a second, and leaves nothing behind when it is killed', async () => {
  expect(await isLocked(), 'a cluster is up already: end it first').toBe(false);
  const before = await readTraces();
  const first = startProcess();
  await first.says(/The cluster is up, until Ctrl-C/);
  expect(await readTraces()).not.toEqual(before);

  const second = await startProcess().ended;
  expect(second.code).toBe(1);
  expect(second.said).toMatch(
    new RegExp(
      `^A cluster is up already \\(process ${first.pid}\\); .*\\nTry: use that one, or end it with: kill ${first.pid}`,
    ),
  );

  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  // The kernel takes its time to end a hundred processes.
  await expect.poll(readTraces, { timeout: 60_000, interval: 500 }).toEqual(before);
  expect(await isLocked()).toBe(false);
});
