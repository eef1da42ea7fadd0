import { GetObjectCommand, HeadBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';

/** The JSON that OpenShift AI writes into the Secret `storage-config`, one for each data connection. */
export interface StorageConfig {
  readonly type: string;
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly endpoint_url: string;
  readonly bucket: string;
  readonly region: string;
}

/** What the storage-initializer and the model do with a bucket. */
export interface BucketReader {
  /** `endpoint/bucket`, for messages. */
  readonly where: string;
  /** Every object whose key starts with the text: a bare string prefix, as the initializer lists. */
  list(prefix: string): Promise<readonly { readonly key: string; readonly size: number }[]>;
  get(key: string): Promise<Buffer>;
  close(): void;
}

export type OpenBucket = (config: StorageConfig) => BucketReader;

/** Reads over the network, with the keys of the data connection. */
export const openS3: OpenBucket = (config) => {
  const Bucket = config.bucket;
  const client = new S3Client({
    endpoint: config.endpoint_url,
    region: config.region || 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 2,
    credentials: { accessKeyId: config.access_key_id, secretAccessKey: config.secret_access_key },
  });
  return {
    where: `${config.endpoint_url.replace(/\/+$/, '')}/${Bucket}`,
    list: async (prefix) => {
      await client.send(new HeadBucketCommand({ Bucket }));
      const found: { key: string; size: number }[] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket,
            Prefix: prefix,
            ...(token !== undefined && { ContinuationToken: token }),
          }),
        );
        for (const { Key = '', Size = 0 } of page.Contents ?? []) found.push({ key: Key, size: Size });
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return found;
    },
    get: async (key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    close: () => client.destroy(),
  };
};
