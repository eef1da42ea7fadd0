import { describe, expect, test } from 'vitest';
import type { ModelFile } from '../../../../steps/stage-model/source/listing.ts';
import { parseRules, ruleLines, selectFiles } from '../../../../steps/stage-model/policy/select.ts';

const file = (path: string): ModelFile => ({ path, size: 1, digest: { algorithm: 'sha256', hex: '' } });
const kept = (paths: readonly string[], lines: readonly string[]) =>
  selectFiles(paths.map(file), parseRules(lines)).kept.map(({ path }) => path);

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
