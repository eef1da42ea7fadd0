import type { Bucket, PartUpload, UploadedPart } from '../../lib/bucket.ts';
import { fill } from '../pace/fill.ts';
import type { ModelFile } from '../source/listing.ts';
import type { Source } from '../source/origin.ts';

/** Does the work on bytes, here or in threads of its own. What it is given to fill or send is in use until the promise has settled. */
export interface Carrier {
  /** Fetches as many bytes as `into` holds and gives their CRC-32 in base64. `came` hears of them as they come. */
  fetch(range: Fetch, signal: AbortSignal, came: (bytes: number) => void): Promise<string>;
  upload(part: PartUpload): Promise<UploadedPart>;
  close(): Promise<void>;
}

export interface Fetch {
  readonly file: ModelFile;
  /** Of the file, where the first byte is. */
  readonly start: number;
  readonly into: Buffer;
}

/** Everything in the thread that asks. */
export function createInlineCarrier({ source, bucket }: { source: Source; bucket: Bucket }): Carrier {
  return {
    fetch: (range, signal, came) => fill(range, { source, signal, came }),
    upload: (part) => bucket.uploadPart(part),
    close: async () => {},
  };
}
