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
  /** The bytes [start, end) in order; the whole object without a range. */
  read(key: string, range?: { start: number; end: number }, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** False when `ifNoneMatch` was asked and the object is there already. */
  put(key: string, body: Buffer, options?: PutOptions): Promise<boolean>;
  delete(key: string, signal?: AbortSignal): Promise<void>;
  createUpload(
    key: string,
    options?: { metadata?: Readonly<Record<string, string>>; signal?: AbortSignal },
  ): Promise<string>;
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
  readonly signal?: AbortSignal;
}

export interface CompletedUpload {
  readonly key: string;
  readonly uploadId: string;
  readonly parts: readonly UploadedPart[];
  readonly size: number;
}
