import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import type { CopyLimits } from '../../../steps/lib/bucket/copy.ts';
import type { Bucket, ObjectHead, S3Secret } from '../../../steps/lib/bucket.ts';

/** A bucket to judge, and what the server behind it is known not to do. */
export interface BucketUnderTest {
  readonly secret: S3Secret;
  /** The bucket of a data connection; the contract also asks with other keys and names. */
  readonly open: (secret: S3Secret, limits?: CopyLimits) => Bucket;
  /** A prefix of its own, so that a shared bucket can be used again; it ends with a slash. */
  readonly prefix: string;
  /** Most entries of a page of this server's listings; 1,000 unless told. */
  readonly pageSize?: number;
  readonly lacks?: ReadonlySet<BucketAbility>;
  readonly close?: () => Promise<void>;
}

export type BucketAbility =
  | 'conditional put'
  | 'conditional copy'
  | 'md5 etags'
  | 'md5 verification'
  | 'payload verification'
  | 'checksums'
  | 'listed checksums';

export interface Ground {
  readonly bucket: Bucket;
  readonly prefix: string;
  readonly pageSize: number;
  /** The SDK alone, for what the adapter never does. */
  readonly client: S3Client;
  /** The same bucket with other keys, region or name. */
  open(change: Partial<S3Secret>): Bucket;
  /** The same bucket, copying by parts what is larger than 5 MiB. */
  readonly smallCopies: Bucket;
  /** The key under our prefix. */
  at(key: string): string;
  lacks(ability: BucketAbility): boolean;
  /** Leaves nothing under the prefix. */
  close(): Promise<void>;
}

export type On = () => Ground;

export function prepare({ secret, open, prefix, pageSize = 1000, lacks, close }: BucketUnderTest): Ground {
  const bucket = open(secret);
  const client = openSdk(secret);
  return {
    bucket,
    client,
    open: (change) => open({ ...secret, ...change }),
    smallCopies: open(secret, { largest: 5 * 1024 ** 2, part: 5 * 1024 ** 2 }),
    prefix,
    pageSize,
    at: (key) => prefix + key,
    lacks: (ability) => lacks?.has(ability) === true,
    async close() {
      for (const { key, uploadId } of await bucket.listUploads(prefix))
        await bucket.abortUpload(key, uploadId);
      for (const { key } of await bucket.list(prefix)) await bucket.delete(key);
      client.destroy();
      await close?.();
    },
  };
}

function openSdk(secret: S3Secret): S3Client {
  return new S3Client({
    endpoint: secret.AWS_S3_ENDPOINT,
    region: secret.AWS_DEFAULT_REGION ?? 'us-east-1',
    credentials: { accessKeyId: secret.AWS_ACCESS_KEY_ID, secretAccessKey: secret.AWS_SECRET_ACCESS_KEY },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  });
}

export async function found(bucket: Bucket, key: string): Promise<ObjectHead> {
  const head = await bucket.head(key);
  if (!head) throw new Error(`${key} is not there`);
  return head;
}

export async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

export function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
