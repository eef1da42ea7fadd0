import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DialectName } from '../../sandbox/bucket/dialects.ts';
import { startBucket } from '../../sandbox/bucket.ts';
import { createBucket, type S3Secret } from '../../steps/lib/bucket.ts';
import { createLog } from '../../steps/lib/log.ts';
import { type BucketAbility, bucketContract } from './bucket.ts';

const lacks: Readonly<Record<DialectName, readonly BucketAbility[]>> = {
  aws: [],
  noobaa: ['payload verification', 'checksums', 'md5 etags', 'paged parts', 'second complete'],
  rgw: ['conditional complete', 'conditional copy', 'checksums'],
};

const pageSize = 20;

for (const dialect of ['aws', 'noobaa', 'rgw'] as const)
  bucketContract(`the sandbox as ${dialect}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bucket-contract-'));
    const server = await startBucket({
      folder,
      accessKeyId: 'AKIASANDBOX',
      secretAccessKey: 'the-secret-key-of-the-sandbox',
      buckets: ['models'],
      dialect,
      pageSize,
    });
    const secret: S3Secret = {
      AWS_ACCESS_KEY_ID: 'AKIASANDBOX',
      AWS_SECRET_ACCESS_KEY: 'the-secret-key-of-the-sandbox',
      AWS_S3_ENDPOINT: server.url,
      AWS_S3_BUCKET: 'models',
    };
    const httpAgent = new http.Agent({ keepAlive: true });
    const httpsAgent = new https.Agent({ keepAlive: true });
    const log = createLog({ write: () => {}, env: {}, step: 'contract' });
    const open = (change: Partial<S3Secret>) =>
      createBucket({ secret: { ...secret, ...change }, network: { httpAgent, httpsAgent }, log });
    return {
      bucket: open({}),
      secret,
      open,
      prefix: 'contract/',
      pageSize,
      lacks: new Set(lacks[dialect]),
      close: async () => {
        httpAgent.destroy();
        await server.close();
        await rm(folder, { recursive: true });
      },
    };
  });
