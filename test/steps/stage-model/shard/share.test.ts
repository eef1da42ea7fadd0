import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitRanges } from '../../../../steps/lib/bucket/parts.ts';
import { isWithin, type Load, shardNames, shareOut } from '../../../../steps/stage-model/shard/share.ts';

const file = (path: string, bytes: number, partSize?: number): Load => ({
  path,
  bytes,
  ...(partSize === undefined ? {} : { partSize }),
});

describe('shareOut', () => {
  test.each<[string, Load[], number, { files: string[]; spans: object[] }[]]>([
    [
      'files that fit: the largest first, to whoever has least',
      [file('a', 4, 1), file('b', 3, 1), file('c', 2, 1), file('d', 1, 1)],
      2,
      [
        { files: ['a', 'd'], spans: [] },
        { files: ['b', 'c'], spans: [] },
      ],
    ],
    [
      'a file below a fair share that would lift any shard above it: cut, into what the others left',
      [file('a', 6, 1), file('b', 6, 1), file('c', 6, 1)],
      2,
      [
        { files: ['a'], spans: [{ path: 'c', first: 1, last: 3 }] },
        { files: ['b'], spans: [{ path: 'c', first: 4, last: 6 }] },
      ],
    ],
    [
      'one file above it: cut in spans',
      [file('large', 10, 1)],
      4,
      [
        { files: [], spans: [{ path: 'large', first: 1, last: 2 }] },
        { files: [], spans: [{ path: 'large', first: 3, last: 5 }] },
        { files: [], spans: [{ path: 'large', first: 6, last: 7 }] },
        { files: [], spans: [{ path: 'large', first: 8, last: 10 }] },
      ],
    ],
    [
      'a large file beside small ones: they fill what it leaves',
      [file('large', 6, 1), file('x', 2, 1), file('y', 1)],
      3,
      [
        { files: [], spans: [{ path: 'large', first: 1, last: 3 }] },
        { files: [], spans: [{ path: 'large', first: 4, last: 6 }] },
        { files: ['x', 'y'], spans: [] },
      ],
    ],
    [
      'a large file that cannot be cut: whole',
      [file('large', 6), file('x', 1)],
      2,
      [
        { files: ['large'], spans: [] },
        { files: ['x'], spans: [] },
      ],
    ],
    [
      'what lies there already: one each, without weight',
      [file('a', 0), file('b', 0), file('c', 0)],
      2,
      [
        { files: ['a', 'c'], spans: [] },
        { files: ['b'], spans: [] },
      ],
    ],
    ['one shard: everything whole', [file('large', 6, 1)], 1, [{ files: ['large'], spans: [] }]],
  ])('%s', (_title, loads, count, wanted) => {
    expect(shareOut(loads, count)).toEqual(wanted);
  });

  const loads = fc
    .array(fc.record({ bytes: fc.nat(60), partSize: fc.option(fc.integer({ min: 1, max: 20 })) }), {
      maxLength: 8,
    })
    .map((list) => list.map(({ bytes, partSize }, i) => file(`f${i}`, bytes, partSize ?? undefined)));

  test('every file, or every part of it, is in exactly one share', () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 1, max: 5 }), (loads, count) => {
        const shares = shareOut(loads, count);
        expect(shares).toHaveLength(count);
        for (const { path, bytes, partSize } of loads) {
          const whole = shares.filter(({ files }) => files.includes(path)).length;
          const spans = shares.flatMap((share) => share.spans.filter((span) => span.path === path));
          const parts = whole === 1 ? [] : splitRanges(bytes, partSize ?? 1);
          expect(whole + Math.sign(spans.length)).toBe(1);
          for (const i of parts.keys()) expect(spans.filter((span) => isWithin(span, i + 1))).toHaveLength(1);
        }
      }),
    );
  });

  test('no share is above a fair one by more than a twentieth, the largest thing that cannot be cut, and a part', () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 1, max: 5 }), (loads, count) => {
        const fair = loads.reduce((sum, { bytes }) => sum + bytes, 0) / count;
        const lump = Math.max(0, ...loads.map(({ bytes, partSize }) => (partSize ? 0 : bytes)));
        const part = Math.max(0, ...loads.map(({ partSize = 0 }) => partSize));
        for (const { files, spans } of shareOut(loads, count)) {
          const own = loads.filter(({ path }) => files.includes(path));
          const cut = spans.map(({ path, first, last }) => {
            const { bytes = 0, partSize = 1 } = loads.find((load) => load.path === path) ?? {};
            return Math.min(bytes, last * partSize) - (first - 1) * partSize;
          });
          const sum = [...own.map(({ bytes }) => bytes), ...cut].reduce((a, b) => a + b, 0);
          expect(sum).toBeLessThanOrEqual(fair * 1.05 + lump + part);
        }
      }),
    );
  });

  test('the order of the files changes nothing', () => {
    fc.assert(
      fc.property(loads, fc.integer({ min: 1, max: 5 }), (loads, count) => {
        expect(shareOut(loads.toReversed(), count)).toEqual(shareOut(loads, count));
      }),
    );
  });
});

test('shards are named as a person counts', () => {
  expect(shardNames(3)).toEqual(['1/3', '2/3', '3/3']);
});
