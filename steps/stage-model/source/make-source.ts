import { type Bucket, type BucketTimings, createBucket, type S3Secret } from '../../lib/bucket.ts';
import { createHub, type Hub } from '../../lib/hub.ts';
import type { HubTimings } from '../../lib/hub/settings.ts';
import type { Log } from '../../lib/log.ts';
import type { Network } from '../../lib/network.ts';
import type { Clock } from '../../lib/retry.ts';
import { bucketSource } from './bucket-source.ts';
import { folderSource } from './folder-source.ts';
import { hubSource } from './hub-origin.ts';
import type { Meter } from '../report/meter.ts';
import type { Source, SourceDescription } from './origin.ts';

export interface SourceTools {
  readonly network: Network;
  readonly log: Log;
  readonly clock: Clock;
  /** Other ones than those of the Hub and of S3, for tests that do not wait. */
  readonly timings?: Partial<HubTimings & BucketTimings>;
  /** A server asks for fewer requests. */
  readonly onSlowDown?: () => void;
  readonly onRetry?: Meter['retried'];
}

/** The source of a description, in whatever thread; it reads the files of the listing that was made with the first one. */
export function makeSource(description: SourceDescription, tools: SourceTools): Source {
  switch (description.kind) {
    case 'folder':
      return folderSource(description.path);
    case 'bucket':
      return bucketSource(openBucket(description.secret, tools), description.prefix, description);
    case 'hub': {
      const { model, commit, token } = description;
      return hubSource(openHub(description, tools), model, commit, token);
    }
  }
}

/** The Hub with these tools. */
export function openHub(
  { endpoint, token }: { readonly endpoint: string; readonly token: string | undefined },
  { onRetry, ...tools }: SourceTools,
): Hub {
  return createHub({ ...tools, endpoint, token, onRetry: (cause) => onRetry?.('hub', cause) });
}

/** A bucket with these tools. */
export function openBucket(secret: S3Secret, { onRetry, ...tools }: SourceTools): Bucket {
  return createBucket({ ...tools, secret, onRetry: (cause) => onRetry?.('s3', cause) });
}
