import type { PendingUpload } from '../lib/bucket.ts';
import { messageOf } from '../lib/errors.ts';
import { abortUploads } from './bucket/abort-uploads.ts';
import { removeProbes } from './bucket/probe.ts';
import type { Place } from './place.ts';
import type { Transfer } from './transfer.ts';

/** Removes what a finished commit needs no longer: pending uploads, notes, plans of shards, and uploads of other commits older than `expireMs` (0 keeps them). Never fails. */
export async function sweep(
  { bucket, place, log, signal }: Pick<Transfer, 'bucket' | 'place' | 'log' | 'signal'>,
  now: number,
  expireMs: number,
): Promise<void> {
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      log.warn(`cannot clean up ${what}`, { error: messageOf(error) });
    }
  };
  const isExpired = ({ key, initiated }: PendingUpload) =>
    ofSomeCommit(key, place) &&
    expireMs > 0 &&
    initiated !== undefined &&
    now - initiated.getTime() > expireMs;
  const mayGo = (upload: PendingUpload) => upload.key.startsWith(place.prefix) || isExpired(upload);
  await attempt('pending uploads', () =>
    abortUploads({ prefix: place.family, mayGo }, bucket, signal, ({ key, uploadId }) =>
      attempt(`the pending upload ${uploadId} of ${key}`, () => bucket.abortUpload(key, uploadId)),
    ),
  );
  for (const folder of [place.unproven, place.shards]) {
    await attempt(`notes in ${folder}`, async () => {
      for (const { key } of await bucket.list(folder, signal)) await bucket.delete(key, signal);
    });
  }
  await attempt('probes', () => removeProbes(place, bucket, now, signal));
}

/** Whoever chooses the --prefix may share it with others: only what lies below a commit is ours. */
function ofSomeCommit(key: string, { family }: Place): boolean {
  return key.startsWith(family) && /^[0-9a-f]{40}\//.test(key.slice(family.length));
}
