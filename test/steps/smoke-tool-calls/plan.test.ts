import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../steps/smoke-tool-calls/judge.ts';
import { decide, rate, worst } from '../../../steps/smoke-tool-calls/plan.ts';

const bad: Finding = { code: 'NONE', seen: 'x' };
const all = { mustPass: 0, require: [] };
const check = (gate: boolean, name = 'tool-call') => ({ name, shows: 's', gate });

describe('rate', () => {
  test.each([
    [true, [undefined, undefined], 'pass'],
    [true, [bad, undefined], 'flaky'],
    [true, [bad, bad], 'fail'],
    [false, [undefined], 'pass'],
    [false, [bad, undefined], 'flaky'],
    [false, [bad, bad], 'unsupported'],
  ] as const)('gate %s with %j is %s', (gate, tries, verdict) => {
    expect(rate(check(gate), tries, all).verdict).toBe(verdict);
  });

  test('makes a gate of a capability that is asked for', () => {
    expect(rate(check(false, 'strict'), [bad], { ...all, require: ['strict'] })).toMatchObject({
      gate: true,
      verdict: 'fail',
    });
  });
});

describe('decide', () => {
  const score = (gate: boolean, passed: number, tries: number, mustPass = 0) =>
    rate(
      check(gate),
      Array.from({ length: tries }, (_, i) => (i < passed ? undefined : bad)),
      { ...all, mustPass },
    );

  test.each([
    [[score(true, 3, 3), score(false, 0, 3)], 'pass', '1/1'],
    [[score(true, 3, 3), score(true, 2, 3)], 'fail', '1/2'],
    [[score(true, 3, 3), score(true, 2, 3, 2)], 'flaky', '2/2'],
    [[score(true, 1, 3, 2), score(true, 0, 3, 2)], 'fail', '0/2'],
    [[score(false, 1, 3)], 'pass', '0/0'],
  ])('of %j is %s', (scores, verdict, passed) => {
    expect(decide(scores)).toMatchObject({ verdict, passed });
  });

  test('never turns worse because one more try passes', () => {
    const rank = { fail: 0, flaky: 1, pass: 2 };
    const setting = fc.record({
      tries: fc.integer({ min: 1, max: 9 }),
      mustPass: fc.nat(9),
      passed: fc.nat(8),
    });
    fc.assert(
      fc.property(setting, fc.boolean(), ({ tries, mustPass, passed }, gate) => {
        const before = Math.min(passed, tries - 1);
        const needed = Math.min(mustPass, tries);
        const verdictWith = (n: number) => rank[decide([score(gate, n, tries, needed)]).verdict];
        expect(verdictWith(before + 1)).toBeGreaterThanOrEqual(verdictWith(before));
        expect(verdictWith(tries)).toBe(rank.pass);
      }),
    );
  });

  test('lets capabilities decide nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(5), (tries, passed) => {
        expect(decide([score(false, Math.min(passed, tries), tries)]).failed).toEqual([]);
      }),
    );
  });
});

test('the worst finding is the one that explains the others', () => {
  expect(worst([])).toBeUndefined();
  expect(worst([bad, { code: 'IN_CONTENT', seen: 'y' }])?.code).toBe('IN_CONTENT');
  expect(worst([{ code: 'WRONG_ANSWER', seen: 'y' }, bad])?.code).toBe('NONE');
});
