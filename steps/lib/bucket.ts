import { createClient } from './bucket/client.ts';
import { readDataConnection, type S3Secret } from './bucket/connection.ts';
import { copyLimits, type CopyLimits, copyObject } from './bucket/copy.ts';
import { completeUpload } from './bucket/complete.ts';
import { listObjects, listParts, listUploads } from './bucket/listing.ts';
import { deleteObject, getObject, headObject, putObject } from './bucket/objects.ts';
import { readObject } from './bucket/read.ts';
import { createPartSender, type PartSender } from './bucket/part-sender.ts';
import { createSession } from './bucket/session.ts';
import { createPartSigner } from './bucket/sign-part.ts';
import { type BucketTimings, defaultTimings } from './bucket/timings.ts';
import { abortUpload, createUpload, uploadPart } from './bucket/uploads.ts';
import type { Log } from './log.ts';
import { type Agents, agentsFor } from './network/agents.ts';
import { type Clock, systemClock } from './retry.ts';

export type { S3Secret } from './bucket/connection.ts';
export type { BucketTimings } from './bucket/timings.ts';

export interface BucketObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
}

export interface ObjectHead extends BucketObject {
  readonly metadata: Readonly<Record<string, string>>;
}

export interface PendingUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly initiated?: Date;
}

export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
  /** CRC-32 of the bytes in base64, where this upload or the server knows it. */
  readonly checksum?: string;
}

/** What steps ask of one S3 bucket. Bodies are Buffers, never streams (streams go aws-chunked, which several servers store or refuse). Errors are StepErrors. */
export interface Bucket {
  /** `s3://name at https://endpoint`, for messages. */
  readonly name: string;
  readonly where: string;
  head(key: string, signal?: AbortSignal): Promise<ObjectHead | undefined>;
  /** All objects whose key starts with `prefix`, all pages. */
  list(prefix: string, signal?: AbortSignal): Promise<BucketObject[]>;
  /** The whole object; for small ones (markers, records, vocabulary). Undefined when it is absent. */
  get(key: string, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** The bytes [start, end) in order; the whole object without a range. With an `etag` a BucketError of status 412 when the object is another. */
  read(
    key: string,
    range?: { start: number; end: number; etag?: string },
    signal?: AbortSignal,
  ): AsyncIterable<Buffer>;
  /**
   * False when `ifNoneMatch` was asked and the object is there already. There are servers that ignore it; one that
   * refuses it as unknown is asked again without.
   */
  put(key: string, body: Buffer, options?: PutOptions): Promise<boolean>;
  delete(key: string, signal?: AbortSignal): Promise<void>;
  createUpload(key: string, options?: UploadOptions): Promise<string>;
  uploadPart(part: PartUpload): Promise<UploadedPart>;
  /** Completes; a lost answer is settled by a HEAD that must show `size`. */
  completeUpload(upload: CompletedUpload, signal?: AbortSignal): Promise<void>;
  abortUpload(key: string, uploadId: string): Promise<void>;
  listUploads(prefix: string, signal?: AbortSignal): Promise<PendingUpload[]>;
  listParts(key: string, uploadId: string, signal?: AbortSignal): Promise<UploadedPart[]>;
  /** Server-side copy inside the bucket, by parts where the object is over 5 GiB. */
  copy(
    from: ObjectHead | BucketObject,
    toKey: string,
    options?: { metadata?: Readonly<Record<string, string>>; signal?: AbortSignal },
  ): Promise<void>;
}

/**
 * What goes with an upload, and its parts, to be checked by the server: the CRC-32 of each part and of the whole; that of
 * each part alone, for those that know no other; none, for those that know none.
 */
export type UploadChecksum = 'whole' | 'parts' | 'none';

export interface UploadOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** `whole` unless given, here and with what follows: all requests of one upload must agree. */
  readonly checksum?: UploadChecksum;
  readonly signal?: AbortSignal;
}

export interface PutOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly ifNoneMatch?: '*';
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export interface PartUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
  readonly body: Buffer;
  /** Of the body, in base64, where it is known: the server refuses a body that has changed since. */
  readonly crc32?: string | undefined;
  readonly checksum?: UploadChecksum;
  /**
   * Whether the signature covers the bytes and not only the headers, their CRC-32 among them; true unless given. Over
   * verified TLS it never does: nobody on the way can change a part there.
   */
  readonly signed?: boolean;
  /** This thread, unless given. */
  readonly sender?: PartSender;
  readonly signal?: AbortSignal;
}

export interface CompletedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly UploadedPart[];
  readonly size: number;
  readonly checksum?: UploadChecksum;
  /**
   * Whether another object may lie there: where ETags say nothing of the bytes the key is looked at first, so that a lost
   * answer does not make that one pass for ours.
   */
  readonly lookBefore?: boolean;
}

interface BucketOptions {
  readonly secret: S3Secret;
  readonly network: Agents;
  readonly log: Log;
  readonly clock?: Clock;
  readonly timings?: Partial<BucketTimings>;
  readonly copyLimits?: CopyLimits;
  /** Called each time the server asks for fewer requests (503, 429). */
  readonly onSlowDown?: () => void;
  /** Called for each request that is made again, with what was wrong: `503 SlowDown`, `ECONNRESET`. */
  readonly onRetry?: (cause: string) => void;
}

/** The bucket of a data connection, on the AWS SDK. Nothing is asked of it before the first operation. */
export function createBucket(options: BucketOptions): Bucket {
  const { log, clock = systemClock, onSlowDown, onRetry } = options;
  const timings = { ...defaultTimings, ...options.timings };
  const connection = readDataConnection(options.secret);
  const network = agentsFor(options.network, connection.endpoint.hostname);
  const client = createClient({ connection, network, timings, clock, log });
  const isSealed = connection.endpoint.protocol === 'https:' && verifiesPeer(network);
  const sender = createPartSender({ network, timings });
  const session = createSession({
    client,
    isSealed,
    sender,
    signer: createPartSigner(client, connection),
    connection,
    timings,
    clock,
    log,
    onSlowDown,
    onRetry,
  });
  const limits = options.copyLimits ?? copyLimits;
  return {
    name: connection.bucket,
    where: session.where,
    head: (key, signal) => headObject(session, key, signal),
    list: (prefix, signal) => listObjects(session, prefix, signal),
    get: (key, signal) => getObject(session, key, signal),
    read: (key, range, signal) => readObject(session, key, { range, signal }),
    put: (key, body, put) => putObject(session, key, body, put),
    delete: (key, signal) => deleteObject(session, key, signal),
    createUpload: (key, upload) => createUpload(session, key, upload),
    uploadPart: (part) => uploadPart(session, part),
    completeUpload: (upload, signal) => completeUpload(session, upload, signal),
    abortUpload: (key, uploadId) => abortUpload(session, key, uploadId),
    listUploads: (prefix, signal) => listUploads(session, prefix, signal),
    listParts: (key, uploadId, signal) => listParts(session, key, uploadId, signal),
    copy: (from, toKey, copy = {}) => copyObject(session, { ...copy, from, toKey }, limits),
  };
}

function verifiesPeer({ httpsAgent }: Pick<Agents, 'httpsAgent'>): boolean {
  return httpsAgent.options.rejectUnauthorized !== false;
}
