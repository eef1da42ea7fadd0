import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRanks } from '../../../steps/verify-tiktoken/parse.ts';

/** `IQ==` is "!", `Ig==` is a quote, `Iw==` is "#". */
const good = 'IQ== 0\nIg== 1\nIw== 2\n';

test('ranks by token', () => {
  expect(parseRanks(Buffer.from(good))).toEqual(
    new Map([
      ['!', 0],
      ['"', 1],
      ['#', 2],
    ]),
  );
});

describe('F49: what is no vocabulary is told by its line', () => {
  test.each<[string, Buffer | string, number, RegExp]>([
    ['line ends converted', good.replaceAll('\n', '\r\n'), 1, /CR LF/],
    ['one line end converted', 'IQ== 0\nIg== 1\r\nIw== 2\n', 2, /CR LF/],
    ['a byte order mark', `\ufeff${good}`, 1, /byte order mark/],
    ['a token twice', 'IQ== 0\nIg== 1\nIQ== 2\n', 3, /the token of rank 0 again/],
    ['a rank twice', 'IQ== 0\nIg== 1\nIw== 1\n', 3, /rank 1, which is taken/],
    ['a gap in the ranks', 'IQ== 0\nIg== 2\n', 2, /rank 2 where 1 is next/],
    ['ranks that start at 1', 'IQ== 1\n', 1, /rank 1 where 0 is next/],
    ['what is not base64', 'IQ== 0\nI*== 1\n', 2, /not base64: "I\*=="/],
    ['base64 that is cut', 'IQ== 0\nIg= 1\n', 2, /not base64/],
    ['no token', ' 0\n', 1, /not base64/],
    ['a rank that is no number', 'IQ== 0\nIg== 1x\n', 2, /no number: "1x"/],
    ['no rank', 'IQ== 0\nIg==\n', 2, /no space between token and rank/],
    ['an empty line', 'IQ== 0\n\nIg== 1\n', 2, /no space/],
    ['a cut in a line', 'IQ== 0\nIg== 1\nIw=', 3, /cut off/],
    ['a cut before the last line feed', good.trimEnd(), 3, /cut off/],
    ['nothing', '', 1, /is empty/],
    ['F48: a web page', '<!DOCTYPE html>\n<html>', 1, /web page.*DOCTYPE/],
    ['an error document of S3', '<?xml version="1.0"?><Error>', 1, /error document/],
    ['a compressed body', Buffer.from([0x1f, 0x8b, 8, 0]), 1, /gzip/],
    ['a pointer of git LFS', 'version https://git-lfs.github.com/spec/v1\noid', 1, /git LFS pointer/],
  ])('%s', (_title, text, line, problem) => {
    expect(parseRanks(Buffer.from(text as string))).toEqual({
      line,
      problem: expect.stringMatching(problem),
    });
  });
});

test('any tokens, written in order, are read back; any byte cut off at the end is seen', () => {
  const tokens = fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 6 }), {
    minLength: 1,
    maxLength: 20,
    selector: (token) => token.join(),
  });
  fc.assert(
    fc.property(tokens, fc.nat(), (tokens, cut) => {
      const bytes = Buffer.from(
        tokens.map((token, rank) => `${Buffer.from(token).toString('base64')} ${rank}\n`).join(''),
      );
      expect(parseRanks(bytes)).toEqual(
        new Map(tokens.map((token, rank) => [Buffer.from(token).toString('latin1'), rank])),
      );
      const shortened = bytes.subarray(0, bytes.length - 1 - (cut % bytes.length));
      const parsed = parseRanks(shortened);
      // Cut exactly after a line it is a shorter vocabulary; only size and hash can tell that.
      if (shortened.at(-1) !== 10) expect(parsed).toHaveProperty('problem');
    }),
  );
});
