import { BucketError } from '../../lib/bucket/error.ts';
import { type Failure, StepError } from '../../lib/errors.ts';

/** An error as it crosses from thread to thread, where a class would be lost. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** Of the system or of Node: `ECONNRESET`. */
  readonly code?: string;
  readonly step?: { readonly failure: Failure; readonly evidence: readonly string[]; readonly hint: string };
  readonly bucket?: { readonly code: string; readonly status: number };
  readonly cause?: CarriedError;
}

export function packError(thrown: unknown): CarriedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    name: error.name,
    message: error.message,
    stack: error.stack ?? '',
    ...('code' in error && typeof error.code === 'string' && { code: error.code }),
    ...(error instanceof StepError && {
      step: { failure: error.failure, evidence: error.evidence, hint: error.hint },
    }),
    ...(error instanceof BucketError && { bucket: { code: error.code, status: error.status } }),
    ...(error.cause instanceof Error && { cause: packError(error.cause) }),
  };
}

/** The error as it was thrown there, with its stack; its words go through `redact`, for the thread knows no secrets of ours. */
export function unpackError(packed: CarriedError, redact: (text: string) => string): Error {
  const error = make(packed, redact);
  error.stack = redact(packed.stack);
  return error;
}

function make(
  { name, message, code, step, bucket, cause }: CarriedError,
  redact: (text: string) => string,
): Error {
  const headline = redact(message);
  const options = cause === undefined ? {} : { cause: unpackError(cause, redact) };
  if (!step)
    return Object.assign(new Error(headline, options), { name, ...(code !== undefined && { code }) });
  const told = { ...options, evidence: step.evidence.map(redact), hint: redact(step.hint) };
  return bucket
    ? new BucketError(step.failure, headline, { ...told, ...bucket })
    : new StepError(step.failure, headline, told);
}
