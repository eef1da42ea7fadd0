import { type ChildProcess, fork, spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import https from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
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

/** versitygw over a folder, when it was built for the cluster and speaks what is asked; else the sandbox's bucket. */
export async function openSink(wanted: 'auto' | 'sandbox', tls?: Tls): Promise<Sink> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-rollout-bench-s3-'));
  const [program] = globSync(cached('bin', 'versitygw-*', 'versitygw'));
  const sink =
    wanted === 'auto' && program !== undefined
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

async function openSandbox(folder: string, tls: Tls | undefined) {
  const child = fork(join(import.meta.dirname, 'serve-bucket.ts'));
  const order: BucketOrder = { folder, ...keys, buckets: [bucketName], ...(tls && { tls: tls.server }) };
  return { name: "the sandbox's bucket", child, ...(await answerTo<{ url: string }>(child, order)) };
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
  return { name: 'versitygw', child, url };
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
