import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attempt, nextAttempt } from '../../../steps/check-revision/attempts.ts';

const minute = 60_000;
const now = 1_000 * minute;
const attempt = (change: Partial<Attempt> = {}): Attempt => ({
  run: 'r',
  state: 'failed',
  endedAt: now - 500 * minute,
  failures: ['unavailable: huggingface.co does not answer'],
  ...change,
});

describe('nextAttempt', () => {
  it('is the first where no run is there', () => {
    expect(nextAttempt([], now)).toEqual({ attempt: 1 });
  });

  it.each<[string, Attempt['failures']]>([
    ['something was down', ['unavailable: S3 does not answer']],
    ['another roll-out held the lock', ['not-ready: another roll-out of s is under way']],
    ['a node was drained', ['stopped: SIGTERM']],
    ['a pod could not even start', [undefined]],
    ['two of these at once', [undefined, 'unavailable: S3 does not answer']],
    ['no task is there any more', []],
  ])('is another one when %s', (_, failures) => {
    expect(nextAttempt([attempt({ failures })], now)).toEqual({ attempt: 2 });
  });

  it.each<[string, Partial<Attempt>, RegExp]>([
    ['it runs', { state: 'running', endedAt: undefined }, /under way/],
    ['a person stopped it', { state: 'stopped' }, /by a person/],
    ['the policy refuses the model', { failures: ['check: the policy refuses'] }, /the policy refuses/],
    ['a key is wrong', { failures: [undefined, 'refused: the access key'] }, /the access key/],
    ['a parameter is wrong', { failures: ['usage: one input is wrong'] }, /one input/],
    ['it has just failed', { endedAt: now - 9 * minute }, /has failed; 10 minutes later/],
    [
      'it has just succeeded, and the record was read before',
      { state: 'succeeded', failures: [], endedAt: now - minute },
      /has succeeded; 10 minutes later/,
    ],
  ])('is none when %s', (_, change, because) => {
    expect(nextAttempt([attempt(change)], now)).toEqual({ because: expect.stringMatching(because) });
  });

  it('is another one when it succeeded and something else is promoted, up to the fourth', () => {
    const done = (run: string) => attempt({ run, state: 'succeeded', failures: [] });
    expect(nextAttempt([done('r')], now)).toEqual({ attempt: 2 });
    expect(nextAttempt([done('r-4')], now)).toEqual({ because: '4 runs were made, the last is r-4' });
  });

  it('is another one when what it found wrong is still the candidate: its end was lost', () => {
    const crashed = attempt({ failures: ['check: LD139 CRASHED', undefined] });
    expect(nextAttempt([crashed], now)).toHaveProperty('because');
    expect(nextAttempt([crashed], now, true)).toEqual({ attempt: 2 });
    expect(nextAttempt([{ ...crashed, state: 'stopped' }], now, true)).toHaveProperty('because');
    expect(nextAttempt([{ ...crashed, run: 'r-4' }], now, true)).toHaveProperty('because');
  });

  it('waits twice as long each time, and gives up after the fourth', () => {
    const failed = (count: number, ago: number) =>
      Array.from({ length: count }, (_, i) => attempt({ endedAt: now - ago * minute - i }));
    expect(nextAttempt(failed(2, 19), now)).toHaveProperty('because');
    expect(nextAttempt(failed(2, 20), now)).toEqual({ attempt: 3 });
    expect(nextAttempt(failed(3, 39), now)).toHaveProperty('because');
    expect(nextAttempt(failed(3, 40), now)).toEqual({ attempt: 4 });
    expect(nextAttempt(failed(4, 400), now)).toEqual({ because: expect.stringContaining('4 runs') });
  });

  it.each<[string, readonly string[], object]>([
    ['the first', ['-2'], { attempt: 3 }],
    ['the first two', ['-3'], { attempt: 4 }],
    ['the second', ['', '-3'], { attempt: 4 }],
    ['the first three', ['-4'], { because: '4 runs have failed, the last is rollout-c0ffee-4' }],
    ['none, and a person started one by another name', ['', '-x7k2p', '-2026'], { attempt: 4 }],
  ])('counts a run that was cleared away: %s', (_, suffixes, expected) => {
    const attempts = suffixes.map((suffix) => attempt({ run: `rollout-c0ffee${suffix}` }));
    expect(nextAttempt(attempts, now)).toEqual(expected);
  });

  it('waits for as long as if none had been cleared away', () => {
    const third = (ago: number) => [attempt({ run: 'rollout-c0ffee-3', endedAt: now - ago * minute })];
    expect(nextAttempt(third(39), now)).toEqual({ because: expect.stringContaining('40 minutes later') });
    expect(nextAttempt(third(40), now)).toEqual({ attempt: 4 });
  });

  it('goes by the run that ended last, in whatever order they are listed', () => {
    const old = attempt({ run: 'old', endedAt: now - 900 * minute, failures: ['check: wrong bytes'] });
    const running = attempt({ run: 'new', state: 'running', endedAt: undefined });
    const latest = attempt({ run: 'latest' });
    const shuffled = fc.shuffledSubarray([old, latest, running], { minLength: 3 });
    fc.assert(
      fc.property(shuffled, (all) => {
        expect(nextAttempt(all, now)).toEqual({ because: 'PipelineRun new is under way' });
        const ended = all.filter(({ state }) => state !== 'running');
        expect(nextAttempt(ended, now)).toEqual({ attempt: 3 });
      }),
    );
  });
});
