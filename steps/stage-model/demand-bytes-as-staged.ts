import { forEachAtOnce } from '../lib/at-once.ts';
import { StepError } from '../lib/errors.ts';
import type { WantedFile } from './plan.ts';
import { startProgress } from './report/progress.ts';
import type { Stage } from './stage.ts';
import { hashOfObject } from './read-back.ts';

/** They are hashed by one thread. */
const atOnce = 4;

/** Reads every object of a commit and compares its hash; nothing is mended here. */
export async function demandBytesAsStaged(
  files: readonly WantedFile[],
  marker: string,
  { bucket, signal, log, clock, meter }: Pick<Stage, 'bucket' | 'signal' | 'log' | 'clock' | 'meter'>,
): Promise<void> {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const progress = startProgress({ log, clock, bytes, files: files.length, connections: () => atOnce });
  const count = (read: number) => {
    progress.totals.readBack += read;
    progress.advance(read);
  };
  const wrong: string[] = [];
  try {
    await forEachAtOnce(
      files,
      atOnce,
      async (file, signal) => {
        const { algorithm, hex } = file.digest;
        const seen = await hashOfObject(file, { bucket, signal, count });
        if (seen !== hex)
          wrong.push(
            `${file.key} has ${algorithm} ${seen ?? 'of nothing of that size'}, committed was ${hex}`,
          );
        progress.totals.filesDone += 1;
      },
      signal,
    );
  } finally {
    progress.stop();
    // Nothing is downloaded for it.
    meter?.moved(progress.totals, 0);
  }
  progress.summarize('read back');
  if (wrong.length === 0) return;
  throw new StepError('check', 'objects have other bytes than were committed', {
    evidence: wrong.sort().map((line) => `${line} (${bucket.where}, GET)`),
    hint: `aws s3 rm s3://${bucket.name}/${marker}   (then run again with --read-back=always: without the marker wrong objects are replaced)`,
  });
}
