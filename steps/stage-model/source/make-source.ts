import type { BucketTimings } from '../../lib/bucket.ts';
import { openBytes } from '../../lib/hub/bytes.ts';
import { type HubTimings, readSettings } from '../../lib/hub/settings.ts';
import type { Log } from '../../lib/log.ts';
import type { Network } from '../../lib/network.ts';
import type { Clock } from '../../lib/retry.ts';
import { folderSource } from './folder-source.ts';
import { hubSource } from './hub-source.ts';
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
export async function makeSource(
  description: SourceDescription,
  { onRetry, ...tools }: SourceTools,
): Promise<Source> {
  switch (description.kind) {
    case 'folder':
      return folderSource(description.path);
    case 'hub': {
      const { endpoint, model, commit, token } = description;
      const settings = readSettings({
        ...tools,
        endpoint,
        token,
        onRetry: (cause) => onRetry?.('hub', cause),
      });
      return hubSource(openBytes(settings), model, commit, token);
    }
    case 'bucket': {
      const { secret, prefix } = description;
      // The SDK takes longer to load than a thread to start: only a thread that needs it does.
      const [{ createBucket }, { bucketSource }] = await Promise.all([
        import('../../lib/bucket.ts'),
        import('./bucket-source.ts'),
      ]);
      const bucket = createBucket({ ...tools, secret, onRetry: (cause) => onRetry?.('s3', cause) });
      return bucketSource(bucket, prefix, description);
    }
  }
}
