import { expect, test } from 'vitest';
import { licenseOf, readLicense } from '../../../../steps/stage-model/source/model-card.ts';

test.each([
  ['a plain one', '---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n# Model', 'apache-2.0'],
  ['one in quotes', '---\nlicense: "mit"\n---\n', 'mit'],
  ['one with a name of its own', '---\nlicense: other\nlicense_name: llama4\n---\n', 'llama4'],
  ['another without a name', '---\nlicense: other\n---\n', 'other'],
  ['the first of a list', '---\nlicense:\n  - apache-2.0\n  - mit\n---\n', 'apache-2.0'],
  ['lines of Windows', '---\r\nlicense: mit\r\n---\r\n', 'mit'],
  ['a card without', '---\ntags: [x]\n---\nlicense: mit', undefined],
  ['text that only looks so', 'license: mit\n', undefined],
  ['nothing', '', undefined],
])('%s', (_title, card, license) => expect(licenseOf(card)).toBe(license));

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
