import { sha256 } from '../lib/digest.ts';
import { modelFolder, vocabulary } from '../lib/vocabulary.ts';
import { encode } from './encode.ts';
import { knownEncodings } from './known.ts';
import { parseRanks } from './parse.ts';

/** What is wrong with the bytes as the vocabulary, a line each; empty when they are exact and encode as they must. */
export function judgeVocabulary(bytes: Buffer): string[] {
  const digest = sha256(bytes);
  const parsed = parseRanks(bytes);
  const lines = [
    ...(bytes.length === vocabulary.size ? [] : [`${bytes.length} bytes, expected ${vocabulary.size}`]),
    ...(digest === vocabulary.sha256 ? [] : [`sha256 ${digest}, expected ${vocabulary.sha256}`]),
  ];
  if ('line' in parsed) return [...lines, `line ${parsed.line} ${parsed.problem}`];
  if (parsed.size !== vocabulary.entries)
    lines.push(`${parsed.size} tokens, ranks without a gap; expected ${vocabulary.entries}`);
  for (const { text, ids } of knownEncodings) {
    const seen = encode(text, parsed);
    if (seen.join() !== ids.join())
      lines.push(`${JSON.stringify(text)} encodes to ${seen.join(' ')}, expected ${ids.join(' ')}`);
  }
  return lines;
}

/** Where the file will lie in the container: KServe fills /mnt/models with all that lies under the prefix. */
export const expectedPath = `${modelFolder}/${vocabulary.file}`;

/** Where harmony would look: it appends the file's name to the variable's value. */
export function lookupPath(encodingsBase: string): string {
  return `${encodingsBase.replace(/\/+$/, '')}/${vocabulary.file}`;
}

/** The commit in a prefix that stage-model made; undefined for one that was filled by other means. */
export function commitOf(prefix: string): string | undefined {
  return /(?:^|\/)([0-9a-f]{40})\/$/.exec(prefix)?.[1];
}

/** Keys under the prefix that hold the vocabulary at a place where nobody looks: a subfolder, or tiktoken's cache name (the SHA-1 of its address). */
export function strays(keys: readonly string[], prefix: string): string[] {
  const names = new Set<string | undefined>([vocabulary.file, 'fb374d419588a4632f3f557e76b4b70aebbca790']);
  return keys.filter((key) => key !== prefix + vocabulary.file && names.has(key.split('/').at(-1)));
}
