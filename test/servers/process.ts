import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import https from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** A real S3 server in a process of its own on loopback, with one bucket. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

export interface Command {
  readonly port: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface StartOptions {
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly bucket: string;
  /** Where the folder of its data is made. */
  readonly place?: string;
  /** Of a server that speaks TLS: what its client must trust. */
  readonly authority?: string | undefined;
}

/** Starts it over a new folder, and waits until it has made the bucket. It ends with this process, at the latest. */
export async function startServer(
  make: (folder: string) => Promise<Command>,
  { keys, bucket, place = tmpdir(), authority }: StartOptions,
): Promise<ServerProcess> {
  const folder = await mkdtemp(join(place, 'llm-rollout-s3-'));
  const { port, program, args, env } = await make(folder);
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void said.splice(0, said.length > 200 ? 1 : 0, chunk.toString()));
  const leave = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', leave);
  const url = `${authority === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const trust = authority !== undefined && {
    requestHandler: new NodeHttpHandler({ httpsAgent: new https.Agent({ ca: authority }) }),
  };
  try {
    await makeBucket(bucket, child, { endpoint: url, credentials: keys, ...trust });
  } catch (error) {
    process.off('exit', leave);
    leave();
    throw new Error(`${program} did not come up:\n${said.join('').slice(-2000)}`, { cause: error });
  }
  return {
    url,
    pid: child.pid ?? 0,
    close: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      process.off('exit', leave);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Tries until the server takes it; a minute is long enough for any. */
async function makeBucket(bucket: string, child: ChildProcess, config: S3ClientConfig): Promise<void> {
  const client = new S3Client({ region: 'us-east-1', forcePathStyle: true, maxAttempts: 1, ...config });
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      client.destroy();
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Taken all at once, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const taken = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = taken.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(taken.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
