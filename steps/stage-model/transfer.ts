import type { Bucket } from '../lib/bucket.ts';
import type { Log } from '../lib/log.ts';
import type { Source } from './inspect.ts';
import type { Place } from './place.ts';
import type { BufferPool, Slots } from './pool.ts';
import type { Progress } from './progress.ts';

/** What a transfer works with. A file needs nothing else, so that it could also run in a thread of its own. */
export interface Transfer extends Source {
  readonly bucket: Bucket;
  readonly place: Place;
  readonly log: Log;
  readonly progress: Progress;
  readonly buffers: BufferPool;
  /** Ranges that are being fetched. */
  readonly downloads: Slots;
  readonly readBack: 'auto' | 'always';
}

/** How one attempt to move a file ended: its bytes are proven, or what was wrong with them, or its upload is gone. */
export type Attempt =
  | { readonly end: 'proven' }
  | { readonly end: 'wrong-source' | 'wrong-object' | 'gone'; readonly seen: string };

/** Another run has committed the revision while this one was moving it: from there on nothing is written. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** Looked at before every write that makes an object appear: after the commit nothing is written under the prefix. */
export async function refuseWhenCommitted({ bucket, place, signal }: Transfer): Promise<void> {
  if (await bucket.head(place.manifest, signal)) throw new Overtaken('committed by another run');
}
