import { describe, expect, test } from 'vitest';
import { readVocabulary, vocabulary, vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import {
  commitOf,
  expectedPath,
  judgeVocabulary,
  lookupPath,
  strays,
} from '../../../steps/verify-tiktoken/plan.ts';

const exact = await readVocabulary(vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts')));
const sha = expect.stringMatching(/^sha256 [0-9a-f]{64}, expected 446a9538/);
const afterLine = (n: number) => {
  let at = -1;
  for (let i = 0; i < n; i += 1) at = exact.indexOf(10, at + 1);
  return at + 1;
};

describe('judgeVocabulary', () => {
  test('the exact file', () => expect(judgeVocabulary(exact)).toEqual([]));

  test.each<[string, () => Buffer, unknown[]]>([
    [
      'F48: one byte changed',
      () => {
        const bytes = Buffer.from(exact);
        bytes[afterLine(100)] = 0x2a;
        return bytes;
      },
      [sha, expect.stringMatching(/^line 101 has a token that is not base64/)],
    ],
    [
      'F48: truncated in a line',
      () => exact.subarray(0, afterLine(500) + 3),
      [expect.stringMatching(/bytes, expected 3613922/), sha, 'line 501 is cut off: no line feed at its end'],
    ],
    [
      'truncated after a line: only numbers tell',
      () => exact.subarray(0, afterLine(190_000)),
      [
        expect.stringMatching(/bytes, expected 3613922/),
        sha,
        '190000 tokens, ranks without a gap; expected 199998',
      ],
    ],
    [
      'F49: CRLF',
      () => Buffer.from(exact.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
      [expect.stringMatching(/bytes, expected/), sha, expect.stringMatching(/^line 1 .*CR LF/)],
    ],
    [
      'a line longer at the end',
      () => Buffer.concat([exact, Buffer.from('Zm9vYmFyYmF6cXV4eA== 199998\n')]),
      [expect.stringMatching(/bytes, expected/), sha, '199999 tokens, ranks without a gap; expected 199998'],
    ],
  ])('%s', (_title, damage, problems) => {
    expect(judgeVocabulary(damage())).toEqual(problems);
  });

  test('two tokens exchanged: well-formed, but it encodes otherwise', () => {
    // "Hello" (13225) and the token after it change places.
    const lines = exact.toString('latin1').split('\n');
    const [hello = '', next = ''] = [lines[13225]?.split(' ')[0], lines[13226]?.split(' ')[0]];
    lines[13225] = `${next} 13225`;
    lines[13226] = `${hello} 13226`;
    const problems = judgeVocabulary(Buffer.from(lines.join('\n'), 'latin1'));
    expect(problems).toContainEqual('"Hello, world!" encodes to 13226 11 2375 0, expected 13225 11 2375 0');
  });
});

test.each([
  ['/mnt/models', '/mnt/models/o200k_base.tiktoken'],
  ['/mnt/models/', '/mnt/models/o200k_base.tiktoken'],
  ['/mnt/models/vocab', '/mnt/models/vocab/o200k_base.tiktoken'],
  ['/', '/o200k_base.tiktoken'],
])('with TIKTOKEN_ENCODINGS_BASE=%s harmony opens %s', (base, path) => {
  expect(lookupPath(base)).toBe(path);
  expect(expectedPath).toBe('/mnt/models/o200k_base.tiktoken');
});

test.each([
  ['models/a/b/6cee5e81ee83917806bbde320786a8fb61efebee/', '6cee5e81ee83917806bbde320786a8fb61efebee'],
  ['6cee5e81ee83917806bbde320786a8fb61efebee/', '6cee5e81ee83917806bbde320786a8fb61efebee'],
  ['models/a/b/', undefined],
  ['models/a6cee5e81ee83917806bbde320786a8fb61efebee/', undefined],
  ['models/6cee5e81ee83917806bbde320786a8fb61efebee/x/', undefined],
])('%s holds the commit %s', (prefix, commit) => expect(commitOf(prefix)).toBe(commit));

test('F50: files of that kind where nobody looks', () => {
  const keys = [
    'p/o200k_base.tiktoken',
    'p/vocab/o200k_base.tiktoken',
    'p/fb374d419588a4632f3f557e76b4b70aebbca790',
    'p/config.json',
  ];
  expect(strays(keys, 'p/')).toEqual(keys.slice(1, 3));
  expect(vocabulary.file).toBe('o200k_base.tiktoken');
});
