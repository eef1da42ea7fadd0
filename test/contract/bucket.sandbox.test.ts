import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DialectName } from '../../sandbox/bucket/dialects.ts';
import { startBucket } from '../../sandbox/bucket.ts';
import { createBucket } from '../../steps/lib/bucket.ts';
import { createLog } from '../../steps/lib/log.ts';
import { type BucketAbility, bucketContract, type BucketUnderTest } from './bucket.ts';

const pageSize = 20;
/** Of the dialects whose server has been asked the same. */
const lacks: Partial<Record<DialectName, readonly BucketAbility[]>> = {
  aws: [],
  noobaa: ['md5 etags', 'md5 verification', 'payload verification', 'checksums', 'listed checksums'],
  rgw: ['conditional copy', 'checksums', 'listed checksums'],
  versitygw: [],
};

for (const dialect of Object.keys(lacks) as DialectName[])
  bucketContract(`the sandbox as ${dialect}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bucket-contract-'));
    const keys = { accessKeyId: 'AKIASANDBOX', secretAccessKey: 'the-secret-key-of-the-sandbox' };
    const server = await startBucket({ folder, ...keys, buckets: ['models'], dialect, pageSize });
    const { open, disconnect } = connect();
    return {
      secret: {
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        AWS_S3_ENDPOINT: server.url,
        AWS_S3_BUCKET: 'models',
      },
      open,
      prefix: 'contract/',
      pageSize,
      lacks: new Set(lacks[dialect]),
      close: async () => {
        disconnect();
        await server.close();
        await rm(folder, { recursive: true });
      },
    };
  });

/*
 * Any other server is judged the same way: give the keys of its data connection as variables, and in S3_LACKS,
 * comma-separated, what it is known not to do. All happens under one prefix, which is emptied at the end.
 */
const { AWS_S3_ENDPOINT, AWS_S3_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_DEFAULT_REGION } =
  process.env;
if (AWS_S3_ENDPOINT !== undefined && AWS_S3_BUCKET !== undefined)
  bucketContract(AWS_S3_ENDPOINT, async () => {
    const { open, disconnect } = connect();
    return {
      secret: {
        AWS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID ?? '',
        AWS_SECRET_ACCESS_KEY: AWS_SECRET_ACCESS_KEY ?? '',
        AWS_S3_ENDPOINT,
        AWS_S3_BUCKET,
        AWS_DEFAULT_REGION,
      },
      open,
      prefix: `llm-rollout-contract/${Date.now().toString(36)}/`,
      lacks: new Set((process.env['S3_LACKS'] ?? '').split(',') as BucketAbility[]),
      close: async () => disconnect(),
    };
  });

function connect(): Pick<BucketUnderTest, 'open'> & { disconnect(): void } {
  const network = {
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true }),
  };
  const log = createLog({ write: () => {}, env: {}, step: 'contract' });
  return {
    open: (secret, copyLimits) => createBucket({ secret, network, log, ...(copyLimits && { copyLimits }) }),
    disconnect: () => {
      network.httpAgent.destroy();
      network.httpsAgent.destroy();
    },
  };
}
