import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellWord } from '../../../steps/lib/shell-word.ts';

test('a shell reads each as one word, and as it is', () => {
  const characters = Array.from(`ab01 '"$\`\\!*?[]{}()<>|&;#~=%^,.:/@+-_\n\tü😀`);
  const text = fc.string({ unit: fc.constantFrom(...characters), maxLength: 12 });
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 40 }), (words) => {
      const script = `printf '%s\\0' ${words.map(shellWord).join(' ')}`;
      const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' });
      expect(read.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 100 },
  );
});

test.each([
  ['models/a/b-1.bin', 'models/a/b-1.bin'],
  ['s3://models/a', 's3://models/a'],
  ['https://hub.test/a/resolve/%20', 'https://hub.test/a/resolve/%20'],
  ["it's", `'it'\\''s'`],
  ['~root', `'~root'`],
  ['', `''`],
])('%s becomes %s', (text, word) => {
  expect(shellWord(text)).toBe(word);
});
