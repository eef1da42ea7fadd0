import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { harmonyDigest, vocabularyError } from '../../sandbox/model/vocabulary.ts';

const good = Buffer.from('IQ== 0\nIg== 1\nIw== 2\n');
const digest = createHash('sha256').update(good).digest('hex');

test.each([
  ['the right bytes', good, undefined],
  ['no file', undefined, 'invalid tiktoken vocab file: No such file or directory (os error 2)'],
  [
    'a damaged rank',
    Buffer.from('IQ== 0\nIg== x\n'),
    'invalid tiktoken vocab file: failed to parse rank at line 1: invalid digit found in string',
  ],
  [
    'cut in a line',
    Buffer.from('IQ== 0\nIg'),
    "invalid tiktoken vocab file: expected token and rank, could not split on ' ' at line 1",
  ],
  [
    'shortened',
    Buffer.from('IQ== 0\n'),
    expect.stringMatching(/^invalid tiktoken vocab file: hash mismatch: computed=[0-9a-f]{64}, expected=/),
  ],
])('%s', (_, bytes, words) => {
  expect(vocabularyError(bytes, digest)).toEqual(words);
});

test('by itself it wants harmony’s own file', () => {
  expect(vocabularyError(good)).toContain(`expected=${harmonyDigest}`);
});
