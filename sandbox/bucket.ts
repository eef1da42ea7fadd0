import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type DialectName, dialects } from './bucket/dialects.ts';
import { createFaultPicker, type Fault } from './bucket/faults.ts';
import type { RecordedRequest } from './bucket/record.ts';
import { serve, type Service } from './bucket/serve.ts';
import { createStore, readSegments, type Store, type StoredObject } from './bucket/store.ts';

export interface BucketOptions {
  /** Where the bytes go; made when it is not there. */
  readonly folder: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly buckets: readonly string[];
  readonly port?: number;
  /** Read at each request: tests may push to it while the server runs. */
  readonly faults?: readonly Fault[];
  readonly dialect?: DialectName;
  /** The only region that is taken; any when left out. */
  readonly region?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly now?: () => Date;
  /** Most entries of a page of any listing; S3's 1,000 unless told. */
  readonly pageSize?: number;
  /** Bytes that every part but the last must have; S3's 5 MiB unless told. */
  readonly smallestPart?: number;
  /**
   * For measuring what sends bytes: bodies above 64 KiB are counted and dropped without a look, so that the server takes as
   * little of the machine as it can. What was dropped can be listed, not read or copied; its ETag says nothing.
   */
  readonly discards?: boolean;
}

/** An S3 server on loopback, strict about what S3 is strict about. */
export interface SandboxBucket {
  readonly url: string;
  /** Every request since the start, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  /** Requests that were refused because this server does not know what they ask. */
  readonly refusals: readonly string[];
  keys(bucket: string): string[];
  object(bucket: string, key: string): Omit<StoredObject, 'segments'> | undefined;
  /** The bytes of an object, streamed. */
  read(bucket: string, key: string): AsyncIterable<Buffer>;
  /** Pending uploads. */
  uploads(bucket: string): { readonly key: string; readonly uploadId: string; readonly parts: number }[];
  /** Puts an object there without a request. */
  seed(
    bucket: string,
    key: string,
    body: Buffer | string,
    metadata?: Readonly<Record<string, string>>,
  ): Promise<void>;
  close(): Promise<void>;
}

export async function startBucket(options: BucketOptions): Promise<SandboxBucket> {
  await mkdir(options.folder, { recursive: true });
  const store = createStore(options.folder, options.buckets);
  const service: Service = {
    store,
    dialect: { ...dialects[options.dialect ?? 'aws'], ...(options.discards && { etag: 'opaque' }) },
    now: options.now ?? (() => new Date()),
    pageSize: options.pageSize ?? 1000,
    smallestPart: options.smallestPart ?? 5 * 1024 * 1024,
    discards: options.discards ?? false,
    credentials: options,
    region: options.region,
    pickFault: createFaultPicker(options.faults ?? []),
    requests: [],
    refusals: [],
  };
  const server = listener(options.tls, (req, res) => void serve(service, req, res));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests: service.requests,
    refusals: service.refusals,
    ...inspect(store, service),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listener(tls: BucketOptions['tls'], handle: RequestListener) {
  // Clients are expected to retry when an idle connection goes away, as it does after 5 s with NooBaa.
  const options = { keepAliveTimeout: 5_000, highWaterMark: 256 * 1024 };
  return tls ? createTlsServer({ ...options, ...tls }, handle) : createServer(options, handle);
}

function inspect(store: Store, { now }: Service) {
  const bucketOf = (name: string) => {
    const bucket = store.bucket(name);
    if (!bucket) throw new Error(`the sandbox has no bucket ${name}`);
    return bucket;
  };
  return {
    keys: (bucket: string) => [...bucketOf(bucket).objects.keys()].sort(),
    object: (bucket: string, key: string) => bucketOf(bucket).objects.get(key),
    read: (bucket: string, key: string) => {
      const object = bucketOf(bucket).objects.get(key);
      if (!object) throw new Error(`the sandbox has no object ${bucket}/${key}`);
      return readSegments(object.segments, 0, object.size);
    },
    uploads: (bucket: string) =>
      [...bucketOf(bucket).uploads.values()].map(({ key, id, parts }) => ({
        key,
        uploadId: id,
        parts: parts.size,
      })),
    seed: async (bucket: string, key: string, body: Buffer | string, metadata = {}) => {
      const bytes = Buffer.from(body);
      const path = store.newFile();
      await writeFile(path, bytes);
      await store.putObject(bucketOf(bucket), {
        key,
        size: bytes.length,
        etag: createHash('md5').update(bytes).digest('hex'),
        modified: now(),
        contentType: 'binary/octet-stream',
        metadata,
        checksum: undefined,
        segments: [{ path, size: bytes.length }],
      });
    },
  };
}
