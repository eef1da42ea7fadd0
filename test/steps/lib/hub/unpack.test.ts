import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Packed, unpack } from '../../../../steps/lib/hub/unpack.ts';

const text = Buffer.from('[]');

test.each([
  ['gzip', gzipSync(text)],
  ['GZIP', gzipSync(text)],
  ['deflate', deflateSync(text)],
  ['br', brotliCompressSync(text)],
  ['identity', text],
  ['', text],
  [null, text],
])('%s is unpacked', async (encoding, bytes) => {
  expect(await unpack(bytes, encoding, 2)).toEqual(text);
});

test.each([
  ['another coding', 'zstd', text, 'is compressed as "zstd"'],
  ['two of them', 'gzip, br', text, 'is compressed as "gzip, br"'],
  ['one that it is not', 'gzip', text, 'is no gzip although it says so'],
  ['one that is cut', 'gzip', gzipSync(text).subarray(0, -5), 'is no gzip although it says so'],
])('%s is told', async (_, encoding, bytes, message) => {
  await expect(unpack(bytes, encoding, 100)).rejects.toThrow(message);
  await expect(unpack(bytes, encoding, 100)).rejects.toBeInstanceOf(Packed);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const)('of %s no more than allowed is unpacked', async (encoding, pack) => {
  await expect(unpack(pack(Buffer.alloc(1_000_000)), encoding, 999_999)).rejects.toThrow(
    'unpacks to more than 999999 bytes',
  );
});
