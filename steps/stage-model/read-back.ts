import { isAbsent } from '../lib/bucket/error.ts';
import { createHasher } from '../lib/digest.ts';
import type { WantedFile } from './plan.ts';
import { readSteadily } from './read-steadily.ts';
import type { Transfer } from './transfer.ts';

/** Whether the object's own bytes have the hash; one that is not there, or has another size, has not. */
export async function readsBack(file: WantedFile, transfer: Transfer): Promise<boolean> {
  const { bucket, signal, progress, log } = transfer;
  if ((await bucket.head(file.key, signal))?.size !== file.size) return false;
  progress.willReadBack(file.size);
  const count = (bytes: number) => void (progress.totals.readBack += bytes);
  const hash = await readSteadily(file.key, log, () => hashOfObject(file, { bucket, signal, count }));
  return hash === file.digest.hex;
}

/** The hash of what lies at the file's key, read to its end; undefined where nothing does, or it has another size. */
export async function hashOfObject(
  { key, digest, size }: WantedFile,
  { bucket, signal, count }: Pick<Transfer, 'bucket' | 'signal'> & { count(bytes: number): void },
): Promise<string | undefined> {
  const hasher = createHasher(digest.algorithm, size);
  let bytes = 0;
  try {
    for await (const chunk of bucket.read(key, undefined, signal)) {
      hasher.update(chunk);
      bytes += chunk.length;
      count(chunk.length);
    }
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  return bytes === size ? hasher.hex() : undefined;
}
