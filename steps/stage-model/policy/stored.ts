import type { Bucket } from '../../lib/bucket.ts';
import type { Log } from '../../lib/log.ts';
import { readSteadily } from '../read-steadily.ts';
import { bucketSource } from '../source/bucket-source.ts';
import type { ModelFile } from '../source/listing.ts';
import { inspectFiles } from './inspect.ts';
import { isSeenInPart, type Refusal } from './policy.ts';

interface Stored {
  readonly bucket: Bucket;
  readonly prefix: string;
  readonly signal: AbortSignal;
  readonly log: Log;
}

/**
 * What the policy sees in the objects themselves, of files that it saw only the beginning of before: their bytes are
 * proven now, and a source may have given others then.
 */
export function judgeStored(
  files: readonly ModelFile[],
  { bucket, prefix, signal, log }: Stored,
): Promise<Refusal[]> {
  const seenInPart = files
    .filter((file) => isSeenInPart(file))
    .map(({ path, size, digest }): ModelFile => ({ path, size, digest }));
  const patient: Bucket = { ...bucket, read: (...asked) => readAnew(asked, bucket, log) };
  return inspectFiles(seenInPart, { source: bucketSource(patient, prefix), signal });
}

/** The bytes of one object, however often it is replaced before all of them are there. */
async function* readAnew(
  asked: Parameters<Bucket['read']>,
  bucket: Bucket,
  log: Log,
): AsyncGenerator<Buffer> {
  yield* await readSteadily(asked[0], log, async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of bucket.read(...asked)) chunks.push(chunk);
    return chunks;
  });
}
