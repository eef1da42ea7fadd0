import { type BucketTimings, createBucket } from '../lib/bucket.ts';
import { createHub } from '../lib/hub.ts';
import type { HubTimings } from '../lib/hub/settings.ts';
import type { Log } from '../lib/log.ts';
import type { Network } from '../lib/network.ts';
import type { Clock } from '../lib/retry.ts';
import { bucketSource } from './bucket-source.ts';
import { folderSource } from './folder-source.ts';
import { hubSource } from './hub-origin.ts';
import type { Source, SourceDescription } from './origin.ts';

export interface SourceTools {
  readonly network: Network;
  readonly log: Log;
  readonly clock: Clock;
  /** Other ones than those of the Hub and of S3, for tests that do not wait. */
  readonly timings?: Partial<HubTimings & BucketTimings>;
}

/** The source of a description, in whatever thread; it reads the files of the listing that was made with the first one. */
export function makeSource(description: SourceDescription, tools: SourceTools): Source {
  switch (description.kind) {
    case 'folder':
      return folderSource(description.path);
    case 'bucket':
      return bucketSource(
        createBucket({ ...tools, secret: description.secret }),
        description.prefix,
        description,
      );
    case 'hub':
      return {
        ...hubSource(createHub({ ...tools, ...description }), description.model, description.commit),
        description,
      };
  }
}
