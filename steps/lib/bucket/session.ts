import type { S3Client } from '@aws-sdk/client-s3';
import type { Log } from '../log.ts';
import { type Clock, retry } from '../retry.ts';
import type { DataConnection } from './connection.ts';
import { codeOf, createVerdict, isSlowDown } from './transient.ts';
import type { BucketTimings } from './timings.ts';
import { S3Answer } from './answer.ts';
import type { BucketError } from './error.ts';
import type { PartSender } from './part-sender.ts';
import type { PartSigner } from './sign-part.ts';
import { translate } from './translate.ts';

/** What every operation on the bucket needs. */
export interface Session {
  readonly client: S3Client;
  readonly bucket: string;
  readonly where: string;
  readonly timings: BucketTimings;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether nobody on the way can change what is sent. */
  readonly isSealed: boolean;
  /** Sends parts that bring none of their own. */
  readonly sender: PartSender;
  readonly signer: PartSigner;
  /** Told of each request that is made again. */
  readonly onRetry: ((cause: string) => void) | undefined;
  /** Runs one operation with retries; what remains is thrown as a BucketError, or as the signal's reason. */
  attempt<T>(asked: Operation, run: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Whatever was thrown, as a BucketError about this operation. */
  explain(asked: Operation, error: unknown): BucketError;
}

export interface Operation {
  /** For messages: `PUT models/x, part 3`. */
  readonly what: string;
  /** The right in a bucket policy that it takes. */
  readonly right: string;
}

interface SessionOptions {
  readonly client: S3Client;
  readonly connection: DataConnection;
  readonly timings: BucketTimings;
  readonly clock: Clock;
  readonly log: Log;
  readonly isSealed: boolean;
  readonly sender: PartSender;
  readonly signer: PartSigner;
  readonly onSlowDown: (() => void) | undefined;
  readonly onRetry: ((cause: string) => void) | undefined;
}

export function createSession({ connection, onSlowDown, ...rest }: SessionOptions): Session {
  const { clock, log, timings, onRetry } = rest;
  const { endpoint, bucket, region } = connection;
  const where = `s3://${bucket} at ${endpoint.origin}`;
  const since = clock.now();
  const explain = (operation: Operation, error: unknown) =>
    translate(error, { ...operation, where, bucket, endpoint, region, now: clock.now(), since }, log.redact);
  return {
    ...rest,
    bucket,
    where,
    explain,
    async attempt(operation, run, signal) {
      try {
        return await retry(run, {
          ...timings,
          clock,
          ...(signal && { signal }),
          retryable: createVerdict(clock.now),
          onRetry: (error, waitMs) => {
            if (isSlowDown(error)) onSlowDown?.();
            const because = nameOf(error);
            onRetry?.(because);
            log.warn('asking S3 again', { for: operation.what, because, 'wait-ms': waitMs });
          },
        });
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw explain(operation, error);
      }
    },
  };
}

function nameOf(error: unknown): string {
  if (error instanceof S3Answer) return [error.status, error.foreign ?? error.code].join(' ').trim();
  return codeOf(error) || (error instanceof Error ? error.name : 'unknown');
}

export function abortBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal ? { abortSignal: signal } : {};
}

/** ETags travel in quotes; ours have none. */
export function unquote(etag: string | undefined): string {
  return (etag ?? '').replace(/^"(.*)"$/, '$1');
}
