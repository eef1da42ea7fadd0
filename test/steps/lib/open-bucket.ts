import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type DialectName, dialects } from '../../../sandbox/bucket/dialects.ts';
import type { Fault } from '../../../sandbox/bucket/faults.ts';
import { type BucketOptions, type SandboxBucket, startBucket } from '../../../sandbox/bucket.ts';
import {
  type Bucket,
  type BucketTimings,
  createBucket,
  type S3Secret,
  type UploadChecksum,
} from '../../../steps/lib/bucket.ts';
import type { CopyLimits } from '../../../steps/lib/bucket/copy.ts';
import { createLog } from '../../../steps/lib/log.ts';
import type { Clock } from '../../../steps/lib/retry.ts';

export interface OpenedBucket {
  readonly bucket: Bucket;
  readonly server: SandboxBucket;
  readonly secret: S3Secret;
  /** Another client of the same server. */
  readonly open: (
    change?: Partial<S3Secret>,
    timings?: Partial<BucketTimings>,
    limits?: CopyLimits,
  ) => Bucket;
  /** Milliseconds that the adapter wanted to wait; it did not. */
  readonly waits: readonly number[];
  readonly lines: readonly string[];
  readonly slowDowns: () => number;
  /** Operations that the server saw, in order. */
  readonly seen: () => string[];
}

interface OpenOptions extends Partial<Omit<BucketOptions, 'folder' | 'faults'>> {
  readonly faults?: Fault[];
  readonly timings?: Partial<BucketTimings>;
  readonly httpAgent?: http.Agent;
  readonly httpsAgent?: https.Agent;
}

export const accessKeyId = 'AKIASANDBOX0000001';
export const secretAccessKey = 'the-secret-key-of-the-sandbox/+';

/** The sandbox's bucket `models` and the adapter in front of it, waiting for nothing; both end with the test. */
export async function openBucket({
  timings,
  httpAgent,
  httpsAgent,
  ...options
}: OpenOptions = {}): Promise<OpenedBucket> {
  const folder = await mkdtemp(join(tmpdir(), 'bucket-'));
  const server = await startBucket({
    accessKeyId,
    secretAccessKey,
    buckets: ['models'],
    ...options,
    folder,
  });
  const network = {
    httpAgent: httpAgent ?? new http.Agent({ keepAlive: true }),
    httpsAgent: httpsAgent ?? new https.Agent({ keepAlive: true }),
  };
  onTestFinished(async () => {
    network.httpAgent.destroy();
    network.httpsAgent.destroy();
    await server.close();
    await rm(folder, { recursive: true });
  });
  const waits: number[] = [];
  const lines: string[] = [];
  let slowDowns = 0;
  const now = () => options.now?.().getTime() ?? Date.now();
  const clock: Clock = { now, sleep: async (ms) => void waits.push(ms) };
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'test' });
  log.secret(secretAccessKey);
  const secret: S3Secret = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_S3_ENDPOINT: server.url,
    AWS_S3_BUCKET: 'models',
  };
  const open: OpenedBucket['open'] = (change = {}, more = {}, limits) =>
    createBucket({
      secret: { ...secret, ...change },
      network,
      log,
      clock,
      timings: { ...timings, ...more },
      ...(limits && { copyLimits: limits }),
      onSlowDown: () => {
        slowDowns += 1;
      },
    });
  return {
    bucket: open(),
    server,
    secret,
    open,
    waits,
    lines,
    slowDowns: () => slowDowns,
    seen: () => server.requests.map(({ operation }) => operation),
  };
}

/** An upload of these parts, ready to be completed. */
export async function uploadParts(
  bucket: Bucket,
  key: string,
  bodies: readonly Buffer[],
  checksum: UploadChecksum = 'whole',
) {
  const uploadId = await bucket.createUpload(key, { checksum });
  const parts = [];
  for (const [i, body] of bodies.entries())
    parts.push(await bucket.uploadPart({ key, uploadId, partNumber: i + 1, body, checksum }));
  return { key, uploadId, parts, size: bodies.reduce((sum, body) => sum + body.length, 0), checksum };
}

const understood = { whole: 'whole', parts: 'parts', 'refuses-whole': 'parts', refuses: 'none' } as const;

/** The most that a server of this dialect checks. */
export function uploadChecksum(dialect: DialectName): UploadChecksum {
  return understood[dialects[dialect].uploadChecksums];
}
