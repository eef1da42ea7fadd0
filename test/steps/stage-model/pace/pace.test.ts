import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { firstPace, nextPace, type Pace, type Period } from '../../../../steps/stage-model/pace/pace.ts';

const most = 32;
const calm: Period = { rate: 100, full: true, slowDown: false };

describe('nextPace', () => {
  const at = (limit: number, more: Partial<Pace> = {}): Pace => ({ limit, rest: 0, careful: false, ...more });
  const trial = (limit: number, rate: number, now: Partial<Pace> & { limit: number }): Pace => ({
    rest: 0,
    careful: false,
    before: { limit, rate },
    ...now,
  });

  test.each<[string, Pace, Partial<Period>, Partial<Pace>]>([
    ['doubles at first', at(4), {}, { limit: 8, before: { limit: 4, rate: 100 } }],
    ['goes on while it helps', trial(4, 50, { limit: 8 }), {}, { limit: 16 }],
    ['up to the most', trial(8, 50, { limit: 20 }), {}, { limit: 32 }],
    ['stays at the most', trial(16, 50, { limit: 32 }), {}, { limit: 32 }],
    [
      'goes back when it does not help',
      trial(4, 99, { limit: 8 }),
      {},
      { limit: 4, rest: 20, careful: true },
    ],
    ['rests', at(4, { rest: 3, careful: true }), {}, { limit: 4, rest: 2 }],
    ['then tries a little more', at(16, { careful: true }), {}, { limit: 18 }],
    ['at least one more', at(2, { careful: true }), {}, { limit: 3 }],
    ['leaves it when connections are free', trial(4, 1000, { limit: 8 }), { full: false }, { limit: 8 }],
    ['halves when a server asks', trial(4, 50, { limit: 9 }), { slowDown: true }, { limit: 4, rest: 10 }],
    ['but keeps one', at(1), { slowDown: true }, { limit: 1 }],
  ])('%s', (_title, pace, period, expected) => {
    expect(nextPace(pace, { ...calm, ...period }, most)).toMatchObject(expected);
  });

  test('forgets a trial that a server has ended', () => {
    expect(nextPace(trial(4, 50, { limit: 8 }), { ...calm, slowDown: true }, most)).not.toHaveProperty(
      'before',
    );
  });
});

test('never above the most, never below one, whatever is seen', () => {
  const period = fc.record({
    rate: fc.double({ min: 0, max: 1e10, noNaN: true }),
    full: fc.boolean(),
    slowDown: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.array(period, { maxLength: 200 }), (most, periods) => {
      let pace = firstPace(most);
      for (const seen of periods) {
        expect(pace.limit).toBeGreaterThanOrEqual(1);
        expect(pace.limit).toBeLessThanOrEqual(most);
        expect(Number.isInteger(pace.limit)).toBe(true);
        pace = nextPace(pace, seen, most);
      }
    }),
  );
});

/** Bytes a second of a source that gives `each` a connection and `whole` to all of them. */
function settle(most: number, each: number, whole: number, periods: number): number[] {
  let pace = firstPace(most);
  return Array.from({ length: periods }, () => {
    pace = nextPace(pace, { rate: Math.min(pace.limit * each, whole), full: true, slowDown: false }, most);
    return pace.limit;
  });
}

test('a source that is slow for each connection gets the most of them within two periods', () => {
  expect(settle(40, 40, Infinity, 3)).toEqual([24, 40, 40]);
});

test('a source whose whole is limited gets no more than helps', () => {
  expect(settle(64, 100, 1250, 3)).toEqual([24, 12, 12]);
  // Tried again now and then, by one.
  expect(Math.max(...settle(64, 100, 1250, 100))).toBeLessThanOrEqual(24);
});
