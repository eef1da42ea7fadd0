import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { partSizeFor, s3Limits, splitRanges } from '../../../../steps/lib/bucket/parts.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

describe('partSizeFor', () => {
  test.each([
    ['an empty file', 0, 16 * MiB, undefined],
    ['a file of exactly a part', 16 * MiB, 16 * MiB, undefined],
    ['one byte more', 16 * MiB + 1, 16 * MiB, 16 * MiB],
    ['less asked for than S3 takes', 6 * MiB, 1, 5 * MiB],
    ['more asked for than S3 takes', 20 * GiB, 6 * GiB, 5 * GiB],
    ['10,000 parts', 160_000 * MiB, 16 * MiB, 16 * MiB],
    ['10,000 parts and a byte: whole MiB', 160_000 * MiB + 1, 16 * MiB, 17 * MiB],
    ["S3's largest object", 50_000 * GiB, 16 * MiB, 5 * GiB],
  ])('%s', (_title, size, asked, expected) => {
    expect(partSizeFor(size, asked)).toBe(expected);
  });

  test('more than S3 stores is refused', () => {
    expect(() => partSizeFor(50_000 * GiB + 1, 16 * MiB)).toThrow(RangeError);
  });
});

test('P6: parts follow each other, cover all, are at most 10,000, and all but the last have 5 MiB or more', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 50_000 * GiB }),
      fc.integer({ min: 1, max: 6 * GiB }),
      (size, asked) => {
        const partSize = partSizeFor(size, asked);
        if (partSize === undefined) {
          expect(size).toBeLessThanOrEqual(Math.max(asked, s3Limits.minPartSize));
          return;
        }
        const ranges = splitRanges(size, partSize);
        expect(ranges.length).toBeLessThanOrEqual(s3Limits.maxParts);
        expect(ranges.length).toBeGreaterThan(1);
        expect(partSize).toBeGreaterThanOrEqual(s3Limits.minPartSize);
        expect(partSize).toBeLessThanOrEqual(s3Limits.maxPartSize);
        expect(ranges[0]?.start).toBe(0);
        expect(ranges.at(-1)?.end).toBe(size);
        expect(ranges.slice(1).every(({ start }, i) => start === ranges[i]?.end)).toBe(true);
        expect(ranges.slice(0, -1).every(({ start, end }) => end - start === partSize)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});
