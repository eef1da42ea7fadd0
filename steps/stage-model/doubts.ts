import { forEachAtOnce } from '../lib/at-once.ts';
import type { PendingUpload } from '../lib/bucket.ts';
import { unlessUnsupported } from '../lib/bucket/error.ts';
import { abortUploads } from './bucket/abort-uploads.ts';
import { mend } from './carry-out.ts';
import { noteKey, noteName } from './note.ts';
import type { Place } from './place.ts';
import type { WantedFile } from './plan.ts';
import type { Progress } from './report/progress.ts';
import type { Transfer } from './transfer.ts';

const atOnce = 4;

/**
 * The last thing before the commit, when all objects are there: every object that a note doubts is read back, and
 * replaced when it is wrong, until no note is left that came meanwhile. Whoever is about to complete an upload that nobody
 * has proven has put its note before, and looks at the object after that: either we find the note, or it finds our object.
 */
export async function settleDoubts(files: readonly WantedFile[], transfer: Transfer): Promise<void> {
  const { bucket, place, signal } = transfer;
  const progress = withoutBytesDone(transfer.progress);
  const settled = new Set<string>();
  for (;;) {
    const notes = (await bucket.list(place.unproven, signal)).map(({ key }) => key);
    const names = new Set(notes.filter((key) => !settled.has(key)).map((key) => nameOf(key, place)));
    const doubted = files.filter(({ path }) => names.has(noteName(path)));
    if (doubted.length === 0) return;
    await forEachAtOnce(
      doubted,
      atOnce,
      (file, signal) => settle(file, new Set(notes), { ...transfer, progress, signal }),
      signal,
    );
    for (const key of notes) settled.add(key);
  }
}

/** All objects are there and counted: whatever is mended of them is not done a second time. */
function withoutBytesDone(progress: Progress): Progress {
  return { ...progress, advance: () => {}, keep: () => {} };
}

function nameOf(note: string, { unproven }: Place): string | undefined {
  return note.slice(unproven.length).split('.')[0];
}

/** Ends the uploads that the notes name, so that none is completed behind our back, and then looks once more. */
async function settle(file: WantedFile, notes: ReadonlySet<string>, transfer: Transfer): Promise<void> {
  const { bucket, place, signal } = transfer;
  const mayGo = ({ key, uploadId }: PendingUpload) =>
    key === file.key && notes.has(noteKey(place, file.path, uploadId));
  const pending = await unlessUnsupported([], () => bucket.listUploads(file.key, signal));
  if (pending.some(mayGo)) {
    // It may hold all parts already.
    await mend(file, transfer);
    await abortUploads({ prefix: file.key, mayGo }, bucket, signal);
  }
  await mend(file, transfer);
}
