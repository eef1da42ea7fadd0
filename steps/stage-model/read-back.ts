import { createHasher } from '../lib/digest.ts';
import type { WantedFile } from './plan.ts';
import type { Transfer } from './transfer.ts';

/** Whether the object's own bytes have the hash; a missing one has not. */
export async function readsBack(file: WantedFile, { bucket, signal, progress }: Transfer): Promise<boolean> {
  const hasher = createHasher(file.digest.algorithm, file.size);
  let bytes = 0;
  for await (const chunk of bucket.read(file.key, undefined, signal)) {
    hasher.update(chunk);
    bytes += chunk.length;
    progress.totals.readBack += chunk.length;
  }
  return bytes === file.size && hasher.hex() === file.digest.hex;
}
