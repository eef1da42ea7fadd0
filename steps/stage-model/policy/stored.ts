import type { Bucket } from '../../lib/bucket.ts';
import { bucketSource } from '../source/bucket-source.ts';
import type { ModelFile } from '../source/listing.ts';
import { inspectFiles } from './inspect.ts';
import { isSeenInPart, type Refusal } from './policy.ts';

interface Stored {
  readonly bucket: Bucket;
  readonly prefix: string;
  readonly signal: AbortSignal;
}

/**
 * What the policy sees in the objects themselves, of files that it saw only the beginning of before: their bytes are
 * proven now, and a source may have given others then.
 */
export function judgeStored(
  files: readonly ModelFile[],
  { bucket, prefix, signal }: Stored,
): Promise<Refusal[]> {
  const seenInPart = files
    .filter((file) => isSeenInPart(file))
    .map(({ path, size, digest }): ModelFile => ({ path, size, digest }));
  return inspectFiles(seenInPart, { source: bucketSource(bucket, prefix), signal });
}
