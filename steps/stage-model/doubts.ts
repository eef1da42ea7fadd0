import type { PendingUpload } from '../lib/bucket.ts';
import { abortUploads } from './bucket/abort-uploads.ts';
import { mend } from './carry-out.ts';
import { noteKey, noteName } from './note.ts';
import type { WantedFile } from './plan.ts';
import { forEachAtOnce } from './pace/pool.ts';
import type { Transfer } from './transfer.ts';

const atOnce = 4;

/**
 * The last thing before the commit, when all objects are there: every object that a note doubts is read back, and
 * replaced when it is wrong. The note may be of a run that lives and is about to complete an upload nobody has proven:
 * that one is removed first, so that it cannot come behind our back; and whoever puts a note from now on sees the object
 * and does not complete. Uploads without a note are completed only when they are proven.
 */
export async function settleDoubts(files: readonly WantedFile[], transfer: Transfer): Promise<void> {
  const { bucket, place, signal } = transfer;
  const notes = new Set((await bucket.list(place.unproven, signal)).map(({ key }) => key));
  const names = new Set([...notes].map((key) => key.slice(place.unproven.length).split('.')[0]));
  const doubted = files.filter(({ path }) => names.has(noteName(path)));
  await forEachAtOnce(
    doubted,
    atOnce,
    async (file, signal) => {
      const mayGo = ({ key, uploadId }: PendingUpload) =>
        key === file.key && notes.has(noteKey(place, file.path, uploadId));
      await abortUploads({ prefix: file.key, mayGo }, bucket, signal, ({ key, uploadId }) =>
        bucket.abortUpload(key, uploadId),
      );
      await mend(file, { ...transfer, signal });
    },
    signal,
  );
}
