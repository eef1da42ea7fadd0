import { createCrc32 } from '../../lib/bucket/crc32.ts';
import { StepError } from '../../lib/errors.ts';
import type { Fetch } from '../thread/carrier.ts';
import type { Source } from '../source/origin.ts';

interface Means {
  readonly source: Source;
  readonly signal: AbortSignal;
  /** Hears of bytes as they come. */
  readonly came: (bytes: number) => void;
}

/**
 * Fills the buffer with the bytes of a file from `start` on: exactly as many as it holds, or an error. Gives their CRC-32,
 * taken while they come, a few at a time: later they would have to be brought into the processor's cache once more.
 */
export async function fill({ file, start, into }: Fetch, { source, signal, came }: Means): Promise<string> {
  const { length } = into;
  const crc32 = createCrc32();
  let [summed, at] = [0, 0];
  const sum = () => {
    crc32.update(into.subarray(summed, at));
    summed = at;
  };
  const take = (bytes: number) => {
    at += bytes;
    if (at - summed >= worthSumming) sum();
    came(bytes);
  };
  if (source.readInto && length > 0) await source.readInto(file, start, into, { signal, came: take });
  else if (length > 0) {
    for await (const chunk of source.read(file, { start, end: start + length }, signal)) {
      if (at + chunk.length > length) throw wrongLength(file.path, source.where, `more than ${length} bytes`);
      chunk.copy(into, at);
      take(chunk.length);
    }
  }
  if (at !== length) throw wrongLength(file.path, source.where, `${at} of ${length} bytes`);
  sum();
  return crc32.base64();
}

/** What comes through a proxy or from a bucket over TLS comes in 16 KiB. */
const worthSumming = 2 ** 16;

function wrongLength(path: string, where: string, seen: string): StepError {
  return new StepError('unavailable', `the source gave ${seen} of ${path}`, {
    evidence: [`asked for a range of ${path}, got ${seen} (${where})`],
    hint: 'run it again; what is stored already is kept',
  });
}
