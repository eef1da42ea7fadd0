import { BucketError, isAbsent } from '../lib/bucket/error.ts';
import { createHasher } from '../lib/digest.ts';
import type { WantedFile } from './plan.ts';
import type { Transfer } from './transfer.ts';

/** `wrong` is the ETag of what was read, where it lay there before and after. */
export type ReadBack = 'right' | { readonly wrong: string | undefined };

/** Of several runs one may replace the object while another reads it. */
const readings = 3;

/** Reads the object and compares its hash; one that is not there, or has another size, is wrong. */
export async function readBack(file: WantedFile, transfer: Transfer): Promise<ReadBack> {
  for (let reading = 1; ; reading += 1) {
    try {
      return await readOnce(file, transfer);
    } catch (error) {
      const isReplaced = error instanceof BucketError && error.status === 412;
      if (!isReplaced || reading === readings) throw error;
      transfer.log.warn('reading an object anew that was replaced meanwhile', { key: file.key });
    }
  }
}

/** Whether the object's own bytes have the hash. */
export async function readsBack(file: WantedFile, transfer: Transfer): Promise<boolean> {
  return (await readBack(file, transfer)) === 'right';
}

async function readOnce(file: WantedFile, transfer: Transfer): Promise<ReadBack> {
  const { bucket, signal, progress } = transfer;
  const before = await bucket.head(file.key, signal);
  if (before?.size !== file.size) return { wrong: undefined };
  progress.willReadBack(file.size);
  if ((await hashOfObject(file, transfer)) === file.digest.hex) return 'right';
  const after = await bucket.head(file.key, signal);
  return { wrong: after?.etag === before.etag ? before.etag : undefined };
}

/** The hash of what lies at the file's key, read to its end; undefined where nothing does, or it has another size. */
export async function hashOfObject(
  { key, digest, size }: WantedFile,
  { bucket, signal, progress }: Pick<Transfer, 'bucket' | 'signal' | 'progress'>,
): Promise<string | undefined> {
  const hasher = createHasher(digest.algorithm, size);
  let bytes = 0;
  try {
    for await (const chunk of bucket.read(key, undefined, signal)) {
      hasher.update(chunk);
      bytes += chunk.length;
      progress.totals.readBack += chunk.length;
    }
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  return bytes === size ? hasher.hex() : undefined;
}
