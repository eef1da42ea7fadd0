import { encode as reference } from 'gpt-tokenizer/encoding/o200k_base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readVocabulary, vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import { encode } from '../../../steps/verify-tiktoken/encode.ts';
import { knownEncodings } from '../../../steps/verify-tiktoken/known.ts';
import { parseRanks, type Ranks } from '../../../steps/verify-tiktoken/parse.ts';

const ranks = await loadRanks();

test.each(knownEncodings)('$text encodes as another tokenizer does', ({ text, ids }) => {
  expect(encode(text, ranks)).toEqual(ids);
  expect(reference(text)).toEqual(ids);
});

test('any text encodes as another tokenizer does', () => {
  const word = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(' ', '\n', '\r\n', "'s", "'LL", '12345', 'Ünïcode', '日本語', '🦜', '   ', '//', '.\n'),
  );
  const text = fc.array(word).map((words) => words.join(''));
  fc.assert(
    fc.property(text, (text) => {
      // U+FEFF and U+0085 are the two on which JavaScript and Rust differ about white space.
      fc.pre(!/[\ufeff\u0085]/.test(text));
      expect(encode(text, ranks)).toEqual(reference(text));
    }),
    { numRuns: 300 },
  );
});

async function loadRanks(): Promise<Ranks> {
  const places = vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts'));
  const parsed = parseRanks(await readVocabulary(places));
  if ('line' in parsed) throw new Error(parsed.problem);
  return parsed;
}
