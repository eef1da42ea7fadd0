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
