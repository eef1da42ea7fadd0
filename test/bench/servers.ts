import { type ChildProcess, fork, spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { createAuthority } from '../../sandbox/certificates.ts';
import { cached } from '../cluster/cache.ts';
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
  /** Milliseconds since the epoch at which weights were asked for first, since the last call. */
  takeFirstByte(): number | undefined;
  close(): void;
}

export async function openHub(order: HubOrder): Promise<Hub> {
  const child = fork(join(import.meta.dirname, 'serve-hub.ts'));
  let first: number | undefined;
  child.on('message', (message: { firstByteAt?: number }) => (first ??= message.firstByteAt));
  const { url } = await answerTo<{ url: string }>(child, order);
  return {
    url,
    pid: child.pid ?? 0,
    takeFirstByte: () => {
      const at = first;
      first = undefined;
      return at;
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

function findVersitygw(): string | undefined {
  return globSync(cached('bin', 'versitygw-*', 'versitygw'))[0];
}

interface SinkOrder {
  readonly kind: SinkKind;
  /** What it has to take. */
  readonly bytes: number;
  readonly tls?: Tls | undefined;
}

/** An empty bucket in a process of its own. */
export async function openSink({ kind, bytes, tls }: SinkOrder): Promise<Sink> {
  const folder = await mkdtemp(join(await placeFor(bytes), 'llm-rollout-bench-s3-'));
  const program = findVersitygw();
  const sink =
    kind === 'versitygw' && program !== undefined
      ? await openVersitygw(program, folder, tls)
      : await openSandbox(folder, tls);
  return {
    ...sink,
    pid: sink.child.pid ?? 0,
    close: async () => {
      sink.child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
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

async function openSandbox(folder: string, tls: Tls | undefined) {
  const child = fork(join(import.meta.dirname, 'serve-bucket.ts'));
  const order: BucketOrder = { folder, ...keys, buckets: [bucketName], ...(tls && { tls: tls.server }) };
  return {
    name: 'a bucket that counts and drops',
    child,
    ...(await answerTo<{ url: string }>(child, order)),
  };
}

async function openVersitygw(program: string, folder: string, tls: Tls | undefined) {
  const port = await freePort();
  const words = ['--port', `127.0.0.1:${port}`];
  if (tls) {
    await writeFile(join(folder, 'cert.pem'), tls.server.cert);
    await writeFile(join(folder, 'key.pem'), tls.server.key, { mode: 0o600 });
    words.push('--cert', join(folder, 'cert.pem'), '--key', join(folder, 'key.pem'));
  }
  const env = { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey };
  const child = spawn(program, [...words, 'posix', folder], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: keys,
    maxAttempts: 50,
    ...(tls && {
      requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent({ ca: tls.authority }) }),
    }),
  });
  await client.send(new CreateBucketCommand({ Bucket: bucketName }));
  client.destroy();
  const place = folder.startsWith(memory) ? 'in memory' : 'on disk';
  return { name: `versitygw ${place}`, child, url };
}

async function answerTo<T>(child: ChildProcess, order: object): Promise<T> {
  const answered = new Promise<T>((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}`)));
  });
  child.send(order);
  return await answered;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A certificate for loopback, and the file with the authority that clients must trust. */
export async function createTls(folder: string): Promise<Tls> {
  const authority = await createAuthority('llm-rollout bench');
  const file = join(folder, 'authority.pem');
  await writeFile(file, authority.pem);
  return { server: await authority.issue(['127.0.0.1', 'localhost']), authority: authority.pem, file };
}
