import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ModelFile } from '../../../../steps/stage-model/source/listing.ts';
import { parseRules, ruleLines, selectFiles, toRegExp } from '../../../../steps/stage-model/policy/select.ts';

const file = (path: string): ModelFile => ({ path, size: 1, digest: { algorithm: 'sha256', hex: '' } });
const kept = (paths: readonly string[], lines: readonly string[]) =>
  selectFiles(paths.map(file), parseRules(lines)).kept.map(({ path }) => path);

describe('toRegExp', () => {
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
    expect(toRegExp(pattern).test(path)).toBe(expected);
  });
});

describe('selectFiles', () => {
  const paths = ['config.json', 'original/config.json', 'original/w.pth', 'README.md'];
  test.each([
    ['no rule keeps all', [], paths],
    ['a rule leaves out', ['original/**'], ['config.json', 'README.md']],
    [
      'a later line takes back in',
      ['original/**', '!original/config.json'],
      ['config.json', 'original/config.json', 'README.md'],
    ],
    [
      'a later line leaves out again',
      ['original/**', '!original/**', '**/*.pth'],
      ['config.json', 'original/config.json', 'README.md'],
    ],
    ['!** drops all that came before', ['**', '!**', 'README.md'], paths.slice(0, 3)],
  ])('%s', (_title, lines, expected) => {
    expect(kept(paths, lines)).toEqual(expected);
  });

  test('says which rule left a file out', () => {
    const { ignored } = selectFiles([file('a.md')], parseRules(['*.txt', '*.md']));
    expect(ignored).toEqual([{ file: file('a.md'), why: '--ignore has *.md' }]);
  });

  test('a rule with a condition counts only when it holds', () => {
    const rules = [{ pattern: '*.bin', keep: false, why: 'twin', onlyWith: '*.safetensors' }];
    expect(selectFiles([file('a.bin')], rules).kept).toHaveLength(1);
    expect(selectFiles([file('a.bin'), file('a.safetensors')], rules).kept).toEqual([file('a.safetensors')]);
    expect(ruleLines(rules)).toEqual(['*.bin (with *.safetensors)']);
  });

  test('lines come back as they were written', () => {
    expect(ruleLines(parseRules(['a/**', '!a/b']))).toEqual(['a/**', '!a/b']);
  });
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
      expect(toRegExp(pattern.join('/')).test(path.join('/'))).toBe(walk(pattern, path));
    }),
    { numRuns: 2000 },
  );
});

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
