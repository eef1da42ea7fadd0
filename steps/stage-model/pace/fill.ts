import { StepError } from '../../lib/errors.ts';
import type { Fetch } from '../thread/carrier.ts';
import type { Source } from '../source/origin.ts';

interface Means {
  readonly source: Source;
  readonly signal: AbortSignal;
  /** Hears of bytes as they come. */
  readonly came: (bytes: number) => void;
}

/** Fills the buffer with the bytes of a file from `start` on: exactly as many as it holds, or an error. */
export async function fill({ file, start, into }: Fetch, { source, signal, came }: Means): Promise<void> {
  const { length } = into;
  if (source.readInto && length > 0) return source.readInto(file, start, into, { signal, came });
  let at = 0;
  if (length > 0) {
    for await (const chunk of source.read(file, { start, end: start + length }, signal)) {
      if (at + chunk.length > length) throw wrongLength(file.path, source.where, `more than ${length} bytes`);
      chunk.copy(into, at);
      at += chunk.length;
      came(chunk.length);
    }
  }
  if (at !== length) throw wrongLength(file.path, source.where, `${at} of ${length} bytes`);
}

function wrongLength(path: string, where: string, seen: string): StepError {
  return new StepError('unavailable', `the source gave ${seen} of ${path}`, {
    evidence: [`asked for a range of ${path}, got ${seen} (${where})`],
    hint: 'run it again; what is stored already is kept',
  });
}
