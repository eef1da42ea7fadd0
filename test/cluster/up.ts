import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from './build.ts';
import { cached } from './cache.ts';
import { openForward } from './forward.ts';
import { buildImages } from './images/images.ts';
import type { InsideOptions } from './inside.ts';
import { isLocked, underLock } from './lock.ts';
import { s3 } from './node/services.ts';
import { preflight } from './preflight.ts';

/** How to reach a cluster that is up; found by other processes in <cache>/run/ring.json. */
export interface RingAddress {
  /** The process that started it and ends with it. */
  owner: number;
  /** The first process of its namespaces, for nsenter. */
  init: number;
  /** An administrator's kubeconfig for programs outside the namespaces. */
  kubeconfig: string;
  /** The same for programs inside. */
  insideKubeconfig: string;
  /** The Unix socket that leads to hosts and ports inside. */
  forwardSocket: string;
  state: string;
  /** Folders with the built binaries, by component. */
  folders: Awaited<ReturnType<typeof build>>;
  /** Tags of images by name. */
  images: Record<string, string>;
  /** The S3 gateway as pods see it. */
  s3: typeof s3;
}

export interface RunningRing {
  address: RingAddress;
  /** Rejects when the cluster ends by itself. */
  ended: Promise<never>;
  stop(): Promise<void>;
}

/** Where a running cluster describes itself. */
export const ringFile = (): string => cached('run', 'ring.json');

/** Builds what is missing and starts a whole cluster that lives as long as this process, at most. */
export async function up({
  gpus = 1,
  report = console.log,
}: { gpus?: number; report?: (line: string) => void } = {}): Promise<RunningRing> {
  await preflight();
  await refuseSecond();
  const building = build(undefined, report);
  const imaging = buildImages(building, report);
  imaging.catch(() => {}); // is heard below; a module that does not build explains more than an image that lacks it
  const folders = await building;
  const images = await imaging;
  const state = cached('run');
  const options: InsideOptions = {
    owner: process.pid,
    state,
    ready: join(state, `ready-${randomUUID()}`),
    containerd: cached('containerd'),
    folders,
    images,
    gpus,
  };
  await removeCgroups(); // of a cluster that was killed: the kubelet would ask containerd in vain about each
  const child = startInside(options);
  const ended = endOf(child);
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL'); // with unshare goes its child, and with that the namespaces and everything in them
    await isLocked({ patience: 30 });
    await removeCgroups();
  };
  try {
    await Promise.race([appears(options.ready, child), ended]);
    const api = await openForward(join(state, 'forward.sock'), '127.0.0.1', 6443);
    const leave = async (): Promise<void> => {
      api.close();
      await stop();
    };
    return { address: await describe(options, child, api.port), ended, stop: leave };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A clear word before twenty minutes of building, and again in the moment of the start. */
async function refuseSecond(): Promise<void> {
  if (!(await isLocked())) return;
  const file = cached('run', 'owner');
  const owner = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  throw new Error(
    `A cluster is up already${owner === undefined ? '' : ` (process ${owner})`}; two on one containerd folder corrupt each other.\n` +
      `Try: use that one, or end it${owner === undefined ? '' : ` with: kill ${owner}`}, or give this one its own XDG_CACHE_HOME`,
  );
}

function startInside(options: InsideOptions): ChildProcess {
  const namespaces = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const program = [process.execPath, join(import.meta.dirname, 'inside.ts'), JSON.stringify(options)];
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...underLock(), ...namespaces, ...program], {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true, // a terminal's Ctrl-C is ours to handle
  });
}

function endOf(child: ChildProcess): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`The cluster ended (${signal ?? code}).`)));
  });
  ended.catch(() => {});
  return ended;
}

async function appears(file: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && child.signalCode === null && !existsSync(file)) await sleep(100);
}

async function describe(options: InsideOptions, child: ChildProcess, apiPort: number): Promise<RingAddress> {
  const { state, folders, images } = options;
  const forwardSocket = join(state, 'forward.sock');
  const insideKubeconfig = join(state, 'kubeconfigs', 'admin.yaml');
  const kubeconfig = join(state, 'kubeconfig.yaml');
  const text = readFileSync(insideKubeconfig, 'utf8').replace('127.0.0.1:6443', `127.0.0.1:${apiPort}`);
  await writeFile(kubeconfig, text, { mode: 0o600 });
  const address = {
    owner: process.pid,
    init: firstChild(child),
    kubeconfig,
    insideKubeconfig,
    forwardSocket,
    state,
    folders,
    images: Object.fromEntries(images.map(({ name, tag }) => [name, tag])),
    s3,
  };
  await writeFile(`${ringFile()}.part`, JSON.stringify(address, undefined, 2));
  await rename(`${ringFile()}.part`, ringFile());
  return address;
}

function firstChild({ pid }: ChildProcess): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(children[0]);
}

/**
 * The kubelet's cgroup folders survive their processes, and the kernel takes its time to end these. Only empty folders can be removed, so
 * nobody else's are.
 */
async function removeCgroups(): Promise<void> {
  for (let tries = 0; tries < 30; tries += 1) {
    const folders = globSync(['/sys/fs/cgroup/kubepods/**/', '/sys/fs/cgroup/*/kubepods/**/']);
    const left = folders.sort((one, other) => other.length - one.length).filter((folder) => !removed(folder));
    if (left.length === 0) return;
    await sleep(100);
  }
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false; // still in use
  }
}
