import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileGlob } from '../../../../steps/stage-model/policy/glob.ts';

test.each([
  ['original/**', 'original/a/b', true],
  ['original/**', 'original', false],
  ['original/**', 'sub/original/a', false],
  ['original/', 'original/a/b', true],
  ['/config.json', 'config.json', true],
  ['*.bin', 'a.bin', true],
  ['*.bin', 'sub/a.bin', false],
  ['**/*.bin', 'a.bin', true],
  ['**/*.bin', 'sub/deep/a.bin', true],
  ['a/**/b', 'a/b', true],
  ['a/**/b', 'a/x/y/b', true],
  ['a/**/b', 'a/xb', false],
  ['model**/x', 'modelx', false],
  ['model**/x', 'model/x', true],
  ['model**/x', 'model-1/deep/x', true],
  ['model**/x', 'sub/model/x', false],
  ['a/b**/c', 'a/bc', false],
  ['**/**/x', 'x', true],
  ['model-?.safetensors', 'model-1.safetensors', true],
  ['model-?.safetensors', 'model-/.safetensors', false],
  ['a.c', 'abc', false],
  ['a+b(c)[d]{e}^$|', 'a+b(c)[d]{e}^$|', true],
  ['**', 'anything/at/all', true],
  ['*', 'line\nbreak', true],
])('%s on %s: %s', (pattern, path, expected) => {
  expect(compileGlob(pattern)(path)).toBe(expected);
});

test('P12: a pattern means the same as in a matcher that walks path and pattern segment by segment', () => {
  const segment = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 3 });
  const patternSegment = fc.oneof(
    fc.constant('**'),
    fc
      .string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), minLength: 1, maxLength: 4 })
      .filter((text) => !text.includes('**')),
  );
  const path = fc.array(segment, { minLength: 1, maxLength: 4 });
  const pattern = fc.array(patternSegment, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(path, pattern, (path, pattern) => {
      expect(compileGlob(pattern.join('/'))(path.join('/'))).toBe(walk(pattern, path));
    }),
    { numRuns: 2000 },
  );
});

test('P12: and wherever the stars stand, it means what the regular expression of it does', () => {
  const text = (...units: string[]) => fc.string({ unit: fc.constantFrom(...units), maxLength: 9 });
  fc.assert(
    fc.property(text('a', 'b', '/', '*', '**', '?'), text('a', 'b', '/', '😀'), (pattern, path) => {
      expect(compileGlob(pattern)(path)).toBe(toRegExp(pattern).test(path));
    }),
    { numRuns: 20_000 },
  );
});

test.each([
  ['**/*-*-*-*.bin', '-'.repeat(1000)],
  ['**/*a*a*a*a/**/*a*a*a*b', 'a/'.repeat(500)],
  ['**a**a**a**a**b', 'a'.repeat(1000)],
  ['**a*a*a*a*b', 'aaaaaaaaa/'.repeat(100)],
])('%s takes no time, whatever the name', (pattern, path) => {
  const matches = compileGlob(pattern);
  const before = performance.now();
  expect(matches(path)).toBe(false);
  expect(performance.now() - before).toBeLessThan(500);
});

/** What takes a time that grows with the power of the stars in it. */
function toRegExp(pattern: string): RegExp {
  const anchored = pattern.replace(/^\//, '').replace(/\/$/, '/**');
  const source = anchored.replace(/(?<![^/])\*\*\/|\*\*|\*|\?/g, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    return token === '*' ? '[^/]*' : '[^/]';
  });
  return new RegExp(`^${source}$`, 'su');
}

/** The reference: `**` stands for any number of folders, and as the last segment for at least one. */
function walk([head, ...pattern]: readonly string[], path: readonly string[]): boolean {
  if (head === undefined) return path.length === 0;
  if (head === '**') {
    if (pattern.length === 0) return path.length > 0;
    return path.some((_, i) => walk(pattern, path.slice(i)));
  }
  const [first, ...rest] = path;
  return first !== undefined && fits(head, first) && walk(pattern, rest);
}

function fits(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*')
    return fits(pattern.slice(1), text) || (text !== '' && fits(pattern, text.slice(1)));
  return (
    text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && fits(pattern.slice(1), text.slice(1))
  );
}
