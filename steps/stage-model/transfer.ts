import type { Bucket } from '../lib/bucket.ts';
import type { Log } from '../lib/log.ts';
import type { Findings } from './bucket/findings.ts';
import type { Reading } from './policy/inspect.ts';
import type { Meter } from './report/meter.ts';
import type { Place } from './place.ts';
import type { Carrier } from './thread/carrier.ts';
import type { Downloads } from './pace/downloads.ts';
import type { BufferPool } from './pace/pool.ts';
import type { Turns } from './pace/turns.ts';
import type { Progress } from './report/progress.ts';

/** What a transfer works with; a file needs nothing else. */
export interface Transfer extends Reading {
  readonly bucket: Bucket;
  readonly place: Place;
  readonly log: Log;
  readonly progress: Progress;
  readonly buffers: BufferPool;
  /** Which part gets the next buffer. */
  readonly turns: Turns;
  readonly carrier: Carrier;
  /** Ranges that are being fetched. */
  readonly downloads: Downloads;
  readonly readBack: 'auto' | 'always';
  readonly findings: Findings;
  /** Whether the signature of a part covers its bytes. */
  readonly signsParts: boolean;
  readonly meter?: Meter | undefined;
}

/** How one attempt to move a file ended: its bytes are proven, or what was wrong with them, or its upload is gone. */
export type Attempt =
  /** `isReadBack`: by reading the object, which need not be read again. */
  | { readonly end: 'proven'; readonly isReadBack?: true }
  | { readonly end: 'wrong-source' | 'wrong-object' | 'gone'; readonly seen: string };

/** Another run has committed the revision while this one was moving it: from there on nothing is written. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** Looked at before every write that makes an object appear: after the commit nothing is written under the prefix. */
export async function refuseWhenCommitted({ bucket, place, signal }: Transfer): Promise<void> {
  if (await bucket.head(place.manifest, signal)) throw new Overtaken('committed by another run');
}
