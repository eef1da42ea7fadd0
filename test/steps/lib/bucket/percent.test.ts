import fc from 'fast-check';
import { expect, test } from 'vitest';
import { percentEncode } from '../../../../steps/lib/bucket/percent.ts';

test.each([
  ['a-Z_0.~', 'a-Z_0.~'],
  ["!'()*", '%21%27%28%29%2A'],
  ['a b+c/d', 'a%20b%2Bc%2Fd'],
  ['ü', '%C3%BC'],
])('%s is %s', (text, encoded) => {
  expect(percentEncode(text)).toBe(encoded);
});

test('nothing but unreserved characters is left, and nothing is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(percentEncode(text)).toMatch(/^([A-Za-z0-9._~-]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(percentEncode(text))).toBe(text);
    }),
  );
});
