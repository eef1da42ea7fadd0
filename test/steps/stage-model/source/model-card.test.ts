import { expect, test } from 'vitest';
import { licenseOf, readLicense } from '../../../../steps/stage-model/source/model-card.ts';

test.each([
  ['a plain one', '---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n# Model', 'apache-2.0'],
  ['one in quotes', '---\nlicense: "mit"\n---\n', 'mit'],
  ['one with a name of its own', '---\nlicense: other\nlicense_name: llama4\n---\n', 'llama4'],
  ['another without a name', '---\nlicense: other\n---\n', 'other'],
  ['every one of a list', '---\nlicense:\n  - apache-2.0\n  - "mit"\ntags: [x]\n---\n', 'apache-2.0, mit'],
  ['a list that is not indented', '---\nlicense:\n- mit\n---\n', 'mit'],
  ['more than a word', '---\nlicense: mit with additional terms\n---\n', 'mit with additional terms'],
  ['more than a line', '---\nlicense: mit\n\n  with additional terms\n---\n', 'mit with additional terms'],
  ['two in one', '---\nlicense: apache-2.0 / cc-by-nc-4.0\n---\n', 'apache-2.0 / cc-by-nc-4.0'],
  ['more than a word in quotes', `---\nlicense: 'mit, non-commercial'\n---\n`, 'mit, non-commercial'],
  ['a comment behind it', '---\nlicense: "mit" # since 2024\n# none\ntags: [x]\n---\n', 'mit'],
  ['one that says nothing', '---\nlicense:\ntags: [x]\n---\n', undefined],
  ['lines of Windows', '---\r\nlicense: mit\r\n---\r\n', 'mit'],
  ['a card without', '---\ntags: [x]\n---\nlicense: mit', undefined],
  ['text that only looks so', 'license: mit\n', undefined],
  ['nothing', '', undefined],
])('%s', (_title, card, license) => expect(licenseOf(card)).toBe(license));

test('takes no time, whatever the card', () => {
  const before = performance.now();
  expect(licenseOf(`---\nlicense:${' '.repeat(65_000)}\n---\n`)).toBeUndefined();
  expect(licenseOf(`---\nlicense: m${' \t'.repeat(32_000)}t\n---\n`)).toMatch(/^m\s+t$/);
  expect(performance.now() - before).toBeLessThan(500);
});

test('is read from README.md, as far as its front matter may go', async () => {
  const ranges: object[] = [];
  async function* read(_file: object, range: { start: number; end: number }) {
    ranges.push(range);
    yield Buffer.from('---\nlicense');
    yield Buffer.from(': mit\n---\n');
  }
  const { signal } = new AbortController();
  const card = { path: 'README.md', size: 1e9 };
  expect(await readLicense([{ path: 'a/README.md', size: 3 }], read, signal)).toBeUndefined();
  expect(await readLicense([card], read, signal)).toBe('mit');
  expect(ranges).toEqual([{ start: 0, end: 65_536 }]);
});
