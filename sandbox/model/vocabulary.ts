import { createHash } from 'node:crypto';

/** SHA-256 of the one o200k_base.tiktoken that harmony accepts. */
export const harmonyDigest = '446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d';
export const vocabularyFile = 'o200k_base.tiktoken';

/** What harmony says about a vocabulary file when it cannot use it; undefined when it can. `bytes` undefined = there is no such file. */
export function vocabularyError(bytes: Buffer | undefined, digest = harmonyDigest): string | undefined {
  if (bytes === undefined) return `${invalid}: No such file or directory (os error 2)`;
  const computed = createHash('sha256').update(bytes).digest('hex');
  if (computed === digest) return undefined;
  return `${invalid}: ${firstBrokenLine(bytes.toString('latin1')) ?? `hash mismatch: computed=${computed}, expected=${digest}`}`;
}

const invalid = 'invalid tiktoken vocab file';

function firstBrokenLine(text: string): string | undefined {
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const [, rank] = line.split(' ', 2);
    if (rank === undefined) return `expected token and rank, could not split on ' ' at line ${index}`;
    if (!/^\d+$/.test(rank)) return `failed to parse rank at line ${index}: invalid digit found in string`;
  }
  return undefined;
}
