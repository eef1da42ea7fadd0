import { describe, expect, it } from 'vitest';
import { watchRate } from '../../../../steps/lib/network/least-rate.ts';

const least = { slowMs: 1000, slowBytesPerSecond: 100 };

describe('the least rate', () => {
  it.each([
    ['nothing before the span is over', [[1, 999]], [undefined]],
    ['no fault at the rate itself', [[100, 1000]], [undefined]],
    ['a span below it', [[99, 1000]], [{ bytes: 99, ms: 1000 }]],
    [
      'no fault for what was taken at leisure',
      [
        [1, 0],
        [1, 0],
      ],
      [undefined, undefined],
    ],
    [
      'each span by itself',
      [
        [500, 1000],
        [20, 500],
        [20, 700],
      ],
      [undefined, undefined, { bytes: 40, ms: 1200 }],
    ],
  ])('is %s', (_title, looks, seen) => {
    const rate = watchRate(least);
    expect(looks.map(([bytes = 0, ms = 0]) => rate.came(bytes, ms))).toEqual(seen);
  });
});
