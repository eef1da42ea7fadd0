import { isAbsent } from '../lib/bucket/error.ts';
import { createHasher } from '../lib/digest.ts';
import type { WantedFile } from './plan.ts';
import type { Transfer } from './transfer.ts';

/** Whether the object's own bytes have the hash; one that is not there has not. */
export async function readsBack(file: WantedFile, transfer: Transfer): Promise<boolean> {
  const { bucket, signal, progress } = transfer;
  const hasher = createHasher(file.digest.algorithm, file.size);
  let bytes = 0;
  try {
    for await (const chunk of bucket.read(file.key, undefined, signal)) {
      hasher.update(chunk);
      bytes += chunk.length;
      progress.totals.readBack += chunk.length;
    }
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
  return bytes === file.size && hasher.hex() === file.digest.hex;
}
