import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { headerLength, judgeHeader, lengthField } from '../../../../steps/stage-model/policy/safetensors.ts';
import { safetensors } from '../staging.ts';

const field = (length: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(length);
  return bytes;
};
const tensor = (begin: number, end: number) => ({
  dtype: 'U8',
  shape: [end - begin],
  data_offsets: [begin, end],
});
const judge = (body: unknown, tensorBytes: number) => {
  const header = Buffer.from(JSON.stringify(body));
  return judgeHeader(header, lengthField + header.length + tensorBytes);
};

test('a real file passes', () => {
  const bytes = safetensors(100);
  const length = headerLength(bytes.subarray(0, 8), bytes.length);
  expect(length).toBeTypeOf('number');
  expect(judgeHeader(bytes.subarray(8, 8 + Number(length)), bytes.length)).toBeUndefined();
});

test.each([
  ['fewer than 8 bytes', Buffer.alloc(7), 7, /too few/],
  ['a length beyond the file', field(100n), 50, /header has 100 bytes, the file has 50/],
  ['an absurd length', field(2n ** 63n), 50, /header has 9223372036854775808 bytes/],
])('length field: %s', (_title, bytes, size, why) => {
  expect(headerLength(bytes, size)).toMatch(why);
});

describe('header', () => {
  test.each<[string, unknown, number, RegExp | undefined]>([
    [
      'tensors in any order, with metadata',
      { __metadata__: { format: 'pt' }, b: tensor(4, 10), a: tensor(0, 4) },
      10,
      undefined,
    ],
    ['an empty tensor', { a: tensor(0, 0), b: tensor(0, 5) }, 5, undefined],
    ['no tensors', {}, 0, undefined],
    ['a truncated file', { a: tensor(0, 10) }, 9, /has 9 bytes of tensors, its header says 10/],
    ['bytes that no tensor has', { a: tensor(0, 10) }, 11, /has 11 bytes of tensors/],
    ['a gap', { a: tensor(0, 4), b: tensor(5, 9) }, 9, /a gap or an overlap before tensor "b"/],
    ['an overlap', { a: tensor(0, 5), b: tensor(4, 9) }, 9, /a gap or an overlap before tensor "b"/],
    ['an end before its begin', { a: tensor(0, -1) }, 0, /a gap or an overlap/],
    ['offsets that are none', { a: { data_offsets: ['0', '1'] } }, 1, /no readable/],
    ['a tensor that is none', { a: 1 }, 1, /no readable/],
    ['null', null, 0, /no readable/],
  ])('%s', (_title, body, tensorBytes, why) => {
    const problem = judge(body, tensorBytes);
    if (why) expect(problem).toMatch(why);
    else expect(problem).toBeUndefined();
  });

  test('what is no JSON', () => {
    expect(judgeHeader(Buffer.from('{'), 9)).toMatch(/no readable/);
  });

  test('a header of very many tensors takes little more than the JSON itself does', () => {
    const program = fileURLToPath(import.meta.resolve('./judge-large.ts'));
    // Of 300,000 the JSON takes less than 60 MB; with an object for each tensor beside it they are over 90.
    const seen = execFileSync(process.execPath, ['--max-old-space-size=75', program, 'tensors'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(seen).toBe('undefined');
  });
});
