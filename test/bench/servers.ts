import { type ChildProcess, fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, open, rm, statfs, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../../sandbox/certificates.ts';
import { startServer } from '../servers/process.ts';
import { findVersitygw, versitygwOver } from '../servers/versitygw.ts';
import type { BucketOrder } from './serve-bucket.ts';
import type { HubOrder } from './serve-hub.ts';

export const keys = {
  accessKeyId: 'BENCHACCESSKEY000001',
  secretAccessKey: 'bench-secret-access-key-0000000000000001',
};
export const bucketName = 'models';

export interface Tls {
  readonly server: NonNullable<HubOrder['tls']>;
  /** What clients must trust: the text, and the file that holds it. */
  readonly authority: string;
  readonly file: string;
}

export interface Hub {
  readonly url: string;
  readonly pid: number;
  /** From now on; gives the milliseconds since the epoch at which weights were asked for first. */
  watchFirstByte(): () => number | undefined;
  close(): void;
}

export async function openHub(order: HubOrder): Promise<Hub> {
  const child = fork(join(import.meta.dirname, 'serve-hub.ts'));
  const { url } = await answerTo<{ url: string }>(child, order);
  return {
    url,
    pid: child.pid ?? 0,
    watchFirstByte: () => {
      let first: number | undefined;
      child.once('message', (message: { firstByteAt: number }) => (first = message.firstByteAt));
      child.send('watch');
      return () => first;
    },
    close: () => child.kill('SIGKILL'),
  };
}

export interface Sink {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** A real server, which takes more of the machine than what is measured; and the sandbox's, which takes as little as it can. */
export type SinkKind = 'versitygw' | 'sandbox';

/** Those that are here: versitygw is when it was built for the cluster. */
export function sinkKinds(): SinkKind[] {
  return findVersitygw() === undefined ? ['sandbox'] : ['versitygw', 'sandbox'];
}

interface SinkOrder {
  readonly kind: SinkKind;
  /** What it has to take. */
  readonly bytes: number;
  readonly tls?: Tls | undefined;
}

/** An empty bucket in a process of its own. */
export async function openSink({ kind, bytes, tls }: SinkOrder): Promise<Sink> {
  const place = await placeFor(bytes);
  const program = findVersitygw();
  if (kind === 'sandbox' || program === undefined) return await openSandbox(place, tls);
  if (place === memory) await touchMemory(2 * bytes);
  const server = await startServer(versitygwOver({ program, keys, tls: tls?.server }), {
    keys,
    bucket: bucketName,
    place,
    authority: tls?.authority,
  });
  return { ...server, name: `versitygw ${place === memory ? 'in memory' : 'on disk'}` };
}

const memory = '/dev/shm';

/** Memory, where it holds the bytes and the copy of them that versitygw makes to complete an upload: no disk is measured. */
async function placeFor(bytes: number): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(memory);
    return Math.min(bavail * bsize, freemem()) > 2 * bytes + 2 ** 31 ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

/**
 * Takes so much memory once and gives it back. A virtual machine gets what it has not used for a while from its host page by
 * page, and whoever is measured first would pay for it: with 8 GiB a sixth of the time.
 */
async function touchMemory(bytes: number): Promise<void> {
  const folder = await mkdtemp(join(memory, 'llm-rollout-bench-touch-'));
  const chunk = Buffer.alloc(2 ** 24, 1);
  try {
    const file = await open(join(folder, 'memory'), 'w');
    for (let written = 0; written < bytes; written += chunk.length) await file.write(chunk);
    await file.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function openSandbox(place: string, tls: Tls | undefined): Promise<Sink> {
  const folder = await mkdtemp(join(place, 'llm-rollout-bench-s3-'));
  const child = fork(join(import.meta.dirname, 'serve-bucket.ts'));
  const leave = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', leave);
  const order: BucketOrder = { folder, ...keys, buckets: [bucketName], ...(tls && { tls: tls.server }) };
  return {
    name: 'a bucket that counts and drops',
    pid: child.pid ?? 0,
    ...(await answerTo<{ url: string }>(child, order)),
    close: async () => {
      child.kill('SIGKILL');
      process.off('exit', leave);
      leave();
    },
  };
}

async function answerTo<T>(child: ChildProcess, order: object): Promise<T> {
  const answered = new Promise<T>((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`)));
  });
  child.send(order);
  return await answered;
}

/** A certificate for loopback, and the file with the authority that clients must trust. */
export async function createTls(folder: string): Promise<Tls> {
  const authority = await createAuthority('llm-rollout bench');
  const file = join(folder, 'authority.pem');
  await writeFile(file, authority.pem);
  return { server: await authority.issue(['127.0.0.1', 'localhost']), authority: authority.pem, file };
}
