import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { foldCrc32 } from '../../../../steps/lib/bucket/fold-crc32.ts';

const random = (length: number, seed: number) => {
  const bytes = Buffer.alloc(length);
  let state = seed;
  for (let i = 0; i < length; i += 1)
    bytes[i] = (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 16;
  return bytes;
};

test("property: it is zlib's, whatever the bytes, their number and what was before them", () => {
  const around = (size: number) => fc.integer({ min: size - 40, max: size + 40 });
  const lengths = fc.oneof(fc.nat(300_000), around(2 ** 15), around(2 ** 16), around(2 ** 17));
  fc.assert(
    fc.property(
      lengths,
      fc.nat(2 ** 31),
      fc.nat(2 ** 32 - 1),
      fc.nat(40),
      (length, seed, running, skipped) => {
        const bytes = random(length + skipped, seed).subarray(skipped);
        expect(foldCrc32(bytes, running)).toBe(crc32(bytes, running));
      },
    ),
    { numRuns: 200 },
  );
});

test('one bit counts wherever it lies', () => {
  for (let at = 0; at < 2 ** 16; at += 1021) {
    const bytes = Buffer.alloc(2 ** 16);
    bytes[at] = 1;
    expect(foldCrc32(bytes)).toBe(crc32(bytes));
  }
});

test('memory that threads share is folded alike', () => {
  const bytes = Buffer.from(new SharedArrayBuffer(100_000));
  random(bytes.length, 7).copy(bytes);
  expect(foldCrc32(bytes, 5)).toBe(crc32(bytes, 5));
});

test('without WebAssembly the tables take all', async () => {
  vi.stubGlobal('WebAssembly', undefined);
  vi.resetModules();
  try {
    const { foldCrc32: takeByTables } = await import('../../../../steps/lib/bucket/fold-crc32.ts');
    const bytes = random(100_000, 3);
    expect(takeByTables(bytes, 9)).toBe(crc32(bytes, 9));
  } finally {
    vi.unstubAllGlobals();
  }
});
