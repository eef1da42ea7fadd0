import { StepError, type Failure } from '../errors.ts';

/** A StepError of the bucket that callers may tell apart: by S3's own code, or what stood in its place. */
export class BucketError extends StepError {
  /** `NoSuchUpload`, `AccessDenied` …; a Node error code, `NotS3` or `` where S3 gave none. */
  readonly code: string;
  /** 0 when there was no answer. */
  readonly status: number;

  constructor(failure: Failure, headline: string, options: BucketErrorOptions) {
    super(failure, headline, options);
    this.code = options.code;
    this.status = options.status;
  }
}

interface BucketErrorOptions {
  readonly evidence: readonly string[];
  readonly hint: string;
  readonly cause?: unknown;
  readonly code: string;
  readonly status: number;
}

/** The pending upload is not there any more: aborted, expired or completed. Its file starts anew. */
export function isUploadGone(error: unknown): boolean {
  return error instanceof BucketError && error.code === 'NoSuchUpload';
}

export function isAbsent(error: unknown): boolean {
  return (
    error instanceof BucketError &&
    error.status === 404 &&
    (error.code === 'NoSuchKey' || error.code === 'NotFound' || error.code === '')
  );
}

/**
 * Whether a pending upload vanished under our hands: another run completed it, removed it or replaced a part, or a
 * lifecycle rule did. Ceph answers NoSuchKey where others say NoSuchUpload.
 */
export function isGone(error: unknown): boolean {
  return (
    isUploadGone(error) || isAbsent(error) || (error instanceof BucketError && error.code === 'InvalidPart')
  );
}

/** What S3 answers to a part with a checksum when its upload was begun without one. */
export function isOfAnotherKind(error: unknown): boolean {
  return error instanceof BucketError && error.code === 'InvalidRequest';
}

/** The object is another one than the request said (If-Match), or there is one (If-None-Match). */
export function isPreconditionFailed(error: unknown): error is BucketError {
  return error instanceof BucketError && error.status === 412;
}

/** The object ends before the range that was asked for begins. */
export function isPastEnd(error: unknown): error is BucketError {
  return error instanceof BucketError && error.status === 416;
}

/** Whether an error means that the access key lacks a right. */
export function isDenied(error: unknown): error is BucketError {
  return error instanceof BucketError && (error.status === 401 || error.status === 403);
}

/** The server knows no such operation, or knows it and not what was asked of it: a put, and not its condition. */
export function isNotImplemented(error: unknown): boolean {
  return error instanceof BucketError && (error.status === 501 || error.code === 'NotImplemented');
}

/** What a request gives, or `instead` where the server does not know the operation. */
export async function unlessUnsupported<T>(instead: T, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (isUnsupported(error)) return instead;
    throw error;
  }
}

function isUnsupported(error: unknown): boolean {
  return isNotImplemented(error) || (error instanceof BucketError && error.status === 405);
}
