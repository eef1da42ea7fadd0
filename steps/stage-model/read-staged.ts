import { isAbsent } from '../lib/bucket/error.ts';
import { createHasher } from '../lib/digest.ts';
import { StepError } from '../lib/errors.ts';
import { forEachAtOnce } from './pace/pool.ts';
import type { WantedFile } from './plan.ts';
import { type Progress, startProgress } from './report/progress.ts';
import type { Stage } from './stage.ts';

/** They are hashed by one thread. */
const atOnce = 4;

/** Reads every object of a commit and compares its hash; nothing is mended here. */
export async function demandBytesAsStaged(
  files: readonly WantedFile[],
  marker: string,
  { bucket, signal, log, clock }: Pick<Stage, 'bucket' | 'signal' | 'log' | 'clock'>,
): Promise<void> {
  const progress = startProgress({ log, clock, bytes: 0, files: files.length, connections: () => atOnce });
  progress.willReadBack(files.reduce((sum, { size }) => sum + size, 0));
  const wrong: string[] = [];
  try {
    await forEachAtOnce(
      files,
      atOnce,
      async (file, signal) => {
        const { algorithm, hex } = file.digest;
        const seen = await hashOf(file, { bucket, signal, progress });
        if (seen !== hex) wrong.push(`${file.key} has ${algorithm} ${seen}, committed was ${hex}`);
        progress.totals.filesDone += 1;
      },
      signal,
    );
  } finally {
    progress.stop();
  }
  progress.summarize('read back');
  if (wrong.length === 0) return;
  throw new StepError('check', 'objects have other bytes than were committed', {
    evidence: wrong.sort().map((line) => `${line} (${bucket.where}, GET)`),
    hint: `aws s3 rm s3://${bucket.name}/${marker}   (then run again with --read-back=always: without the marker wrong objects are replaced)`,
  });
}

async function hashOf(
  { key, digest, size }: WantedFile,
  { bucket, signal, progress }: Pick<Stage, 'bucket' | 'signal'> & { readonly progress: Progress },
): Promise<string> {
  const hasher = createHasher(digest.algorithm, size);
  try {
    for await (const chunk of bucket.read(key, undefined, signal)) {
      hasher.update(chunk);
      progress.totals.readBack += chunk.length;
    }
  } catch (error) {
    if (isAbsent(error)) return 'of nothing: it is gone';
    throw error;
  }
  return hasher.hex();
}
