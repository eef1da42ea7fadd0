import type { Bucket, PartUpload, UploadedPart } from '../../lib/bucket.ts';
import { createHasher } from '../../lib/digest.ts';
import { fill } from '../pace/fill.ts';
import type { ModelFile } from '../source/listing.ts';
import type { Source } from '../source/origin.ts';

/** Does the work on bytes, here or in threads of its own. What it is given to fill, send or hash is in use until the promise has settled. */
export interface Carrier {
  /** Fetches as many bytes as `into` holds. `came` hears of them as they come. */
  fetch(range: Fetch, signal: AbortSignal, came: (bytes: number) => void): Promise<void>;
  upload(part: PartUpload): Promise<UploadedPart>;
  /** For one file, whose bytes are given in order. */
  openHash(file: ModelFile): Hashing;
  close(): Promise<void>;
}

export interface Fetch {
  readonly file: ModelFile;
  /** Of the file, where the first byte is. */
  readonly start: number;
  readonly into: Buffer;
}

export interface Hashing {
  update(bytes: Buffer): Promise<void>;
  hex(): Promise<string>;
  /** Forgets it; to be called in any case. */
  close(): void;
}

/** Everything in the thread that asks. */
export function createInlineCarrier({ source, bucket }: { source: Source; bucket: Bucket }): Carrier {
  return {
    fetch: (range, signal, came) => fill(range, { source, signal, came }),
    upload: (part) => bucket.uploadPart(part),
    openHash,
    close: async () => {},
  };
}

/** Here, in this thread. */
export function openHash({ digest, size }: ModelFile): Hashing {
  const hasher = createHasher(digest.algorithm, size);
  return {
    update: async (bytes) => hasher.update(bytes),
    hex: async () => hasher.hex(),
    close: () => {},
  };
}
