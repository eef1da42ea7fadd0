import { createHash } from 'node:crypto';
import type { Bucket, UploadedPart } from '../../../steps/lib/bucket.ts';
import { BucketError } from '../../../steps/lib/bucket/error.ts';

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Upload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly body: Buffer; readonly etag: string }>;
}

/** What outlives a run: the server's side. */
export interface Storage {
  readonly objects: Map<string, Stored>;
  readonly uploads: Map<string, Upload>;
  /** Times that an object came to be, by key. */
  readonly writes: Map<string, number>;
}

export function createStorage(): Storage {
  return { objects: new Map(), uploads: new Map(), writes: new Map() };
}

export type BucketOperation =
  | 'head'
  | 'list'
  | 'get'
  | 'read'
  | 'put'
  | 'delete'
  | 'createUpload'
  | 'uploadPart'
  | 'completeUpload'
  | 'abortUpload'
  | 'listUploads'
  | 'listParts'
  | 'copy';

interface MemoryBucketOptions {
  readonly storage: Storage;
  /** Called before an operation takes effect; what it throws is what the bucket throws. */
  readonly before?: (operation: BucketOperation, key: string) => void | Promise<void>;
  /** Called after it took effect and before the answer arrives. */
  readonly after?: (operation: BucketOperation, key: string) => void | Promise<void>;
  /** What is stored in place of a part's bytes. */
  readonly keep?: (key: string, body: Buffer) => Buffer;
}

let uploadCount = 0;

/** A bucket without network for properties, as strict as S3 about uploads, parts and their ETags. */
export function createMemoryBucket({
  storage,
  before,
  after,
  keep = (_, body) => body,
}: MemoryBucketOptions): Bucket {
  const { objects, uploads, writes } = storage;
  const perform = async <T>(
    operation: BucketOperation,
    key: string,
    effect: () => T,
    signal?: AbortSignal,
  ): Promise<T> => {
    signal?.throwIfAborted();
    await before?.(operation, key);
    const answer = effect();
    await after?.(operation, key);
    return answer;
  };
  const store = (key: string, body: Buffer, metadata: Readonly<Record<string, string>> = {}) => {
    objects.set(key, { body: Buffer.from(body), etag: md5(body), metadata });
    writes.set(key, (writes.get(key) ?? 0) + 1);
  };
  const pending = (uploadId: string, key: string): Upload => {
    const upload = uploads.get(uploadId);
    if (upload?.key !== key) throw refusal('NoSuchUpload', 404, key);
    return upload;
  };
  return {
    name: 'models',
    where: 's3://models at memory',
    head: (key, signal) =>
      perform(
        'head',
        key,
        () => {
          const found = objects.get(key);
          return found && { key, size: found.body.length, etag: found.etag, metadata: found.metadata };
        },
        signal,
      ),
    list: (prefix, signal) =>
      perform(
        'list',
        prefix,
        () =>
          [...objects]
            .filter(([key]) => key.startsWith(prefix))
            .map(([key, { body, etag }]) => ({ key, size: body.length, etag }))
            .sort((a, b) => (a.key < b.key ? -1 : 1)),
        signal,
      ),
    get: (key, signal) => perform('get', key, () => objects.get(key)?.body, signal),
    read: async function* (key, range, signal) {
      const body = await perform('read', key, () => objects.get(key)?.body, signal);
      if (!body) throw refusal('NoSuchKey', 404, key);
      if (range?.etag !== undefined && range.etag !== objects.get(key)?.etag)
        throw refusal('PreconditionFailed', 412, key);
      const wanted = body.subarray(range?.start ?? 0, range?.end ?? body.length);
      for (let at = 0; at < wanted.length; at += 13) yield wanted.subarray(at, at + 13);
    },
    put: (key, body, { metadata, ifNoneMatch, signal } = {}) =>
      perform(
        'put',
        key,
        () => {
          if (ifNoneMatch && objects.has(key)) return false;
          store(key, keep(key, body), metadata);
          return true;
        },
        signal,
      ),
    delete: (key, signal) => perform('delete', key, () => void objects.delete(key), signal),
    createUpload: (key, { metadata = {}, signal } = {}) =>
      perform(
        'createUpload',
        key,
        () => {
          uploadCount += 1;
          const uploadId = `upload-${uploadCount}`;
          uploads.set(uploadId, { key, metadata, parts: new Map() });
          return uploadId;
        },
        signal,
      ),
    uploadPart: ({ key, uploadId, partNumber, body, signal }) =>
      perform(
        'uploadPart',
        key,
        (): UploadedPart => {
          const kept = Buffer.from(keep(key, body));
          const etag = md5(kept);
          pending(uploadId, key).parts.set(partNumber, { body: kept, etag });
          return { partNumber, etag, size: body.length };
        },
        signal,
      ),
    completeUpload: ({ key, uploadId, parts, size }, signal) =>
      perform(
        'completeUpload',
        key,
        () => {
          const upload = pending(uploadId, key);
          const bodies = parts.map(({ partNumber, etag }) => {
            const part = upload.parts.get(partNumber);
            if (part?.etag !== etag) throw refusal('InvalidPart', 400, key);
            return part.body;
          });
          const body = Buffer.concat(bodies);
          if (body.length !== size) throw refusal('SizeMismatch', 200, key);
          store(key, body, upload.metadata);
          uploads.delete(uploadId);
        },
        signal,
      ),
    abortUpload: (key, uploadId) => perform('abortUpload', key, () => void uploads.delete(uploadId)),
    listUploads: (prefix, signal) =>
      perform(
        'listUploads',
        prefix,
        () =>
          [...uploads]
            .filter(([, { key }]) => key.startsWith(prefix))
            .map(([uploadId, { key }]) => ({ key, uploadId })),
        signal,
      ),
    listParts: (key, uploadId, signal) =>
      perform(
        'listParts',
        key,
        () =>
          [...pending(uploadId, key).parts]
            .map(([partNumber, { body, etag }]) => ({ partNumber, etag, size: body.length }))
            .reverse(),
        signal,
      ),
    copy: (from, toKey, { metadata, signal } = {}) =>
      perform(
        'copy',
        toKey,
        () => {
          const source = objects.get(from.key);
          if (!source) throw refusal('NoSuchKey', 404, from.key);
          store(toKey, source.body, metadata ?? source.metadata);
        },
        signal,
      ),
  };
}

/** As the bucket throws it. */
export function refusal(code: string, status: number, key: string): BucketError {
  return new BucketError(status === 404 ? 'refused' : 'check', `${code} for ${key}`, {
    evidence: [`${code} (S3, ${key})`],
    hint: 'look at it',
    code,
    status,
  });
}

function md5(body: Buffer): string {
  return createHash('md5').update(body).digest('hex');
}
