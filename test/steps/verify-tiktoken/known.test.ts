import { expect, test } from 'vitest';
import { knownEncodings } from '../../../steps/verify-tiktoken/known.ts';

test('the texts reach each way of cutting words: letters, digits, signs, white space, contractions, scripts', () => {
  const all = knownEncodings.map(({ text }) => text).join(' ');
  for (const kind of [
    /\p{Lu}\p{Ll}/u,
    /\d{4,}/,
    /[^\s\p{L}\p{N}]{2,}/u,
    /\n/,
    /\r\n/,
    / {2}/,
    /'s\b/,
    /'ve\b/,
    /\p{Script=Han}/u,
    /\p{Emoji_Presentation}/u,
    /ï/,
  ])
    expect(all).toMatch(kind);
});
