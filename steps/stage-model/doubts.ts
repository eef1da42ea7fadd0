import { moveFile } from './carry-out.ts';
import { noteName } from './note.ts';
import type { WantedFile } from './plan.ts';
import { forEachAtOnce } from './pace/pool.ts';
import { readsBack, type Transfer } from './transfer.ts';

const atOnce = 4;

/**
 * The last thing before the commit, when all objects are there: every object that a note doubts is read back, and
 * replaced when it is wrong. The note may be of a dead run or of one that lives: its pending upload is removed first, so
 * that it cannot complete behind our back; and whoever puts a note from now on sees the object and does not complete.
 */
export async function settleDoubts(files: readonly WantedFile[], transfer: Transfer): Promise<void> {
  const { bucket, place, signal, log } = transfer;
  const notes = await bucket.list(place.unproven, signal);
  const names = new Set(notes.map(({ key }) => key.slice(place.unproven.length).split('.')[0]));
  const doubted = files.filter(({ path }) => names.has(noteName(path)));
  await forEachAtOnce(
    doubted,
    atOnce,
    async (file, signal) => {
      for (const { key, uploadId } of await bucket.listUploads(file.key, signal))
        if (key === file.key) await bucket.abortUpload(key, uploadId);
      if (await readsBack(file, { ...transfer, signal })) return;
      log.warn('replacing an object with other bytes', { key: file.key });
      await moveFile(file, undefined, { ...transfer, signal });
    },
    signal,
  );
}
