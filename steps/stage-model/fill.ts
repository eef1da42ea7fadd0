import { StepError } from '../lib/errors.ts';
import type { Reading } from './inspect.ts';
import type { Range, WantedFile } from './plan.ts';
import type { Progress } from './progress.ts';

/** Fetches [start, end) of a file into the buffer's beginning and gives that part of it: exactly these bytes or an error. */
export async function fill(
  buffer: Buffer,
  { file, start, end }: Range & { readonly file: WantedFile },
  { source, signal, progress }: Reading & { readonly progress: Progress },
): Promise<Buffer> {
  const length = end - start;
  let at = 0;
  if (length > 0) {
    for await (const chunk of source.read(file, { start, end }, signal)) {
      if (at + chunk.length > length) throw wrongLength(file, source.where, `more than ${length} bytes`);
      chunk.copy(buffer, at);
      at += chunk.length;
      progress.totals.moved += chunk.length;
      progress.advance(chunk.length);
    }
  }
  if (at !== length) throw wrongLength(file, source.where, `${at} of ${length} bytes`);
  return buffer.subarray(0, length);
}

function wrongLength({ path }: WantedFile, where: string, seen: string): StepError {
  return new StepError('unavailable', `the source gave ${seen} of ${path}`, {
    evidence: [`asked for a range of ${path}, got ${seen} (${where})`],
    hint: 'run it again; what is stored already is kept',
  });
}
