import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { backoff, type Clock, requestedWait, retry, systemClock } from '../../../steps/lib/retry.ts';

/** A clock that jumps, and remembers by how much. */
function fakeClock() {
  const waits: number[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waits.push(ms);
      now += ms;
    },
  };
  return { clock, waits };
}

/** Fails `times` times with what `failure` makes, then gives the number of the call. */
function failing(times: number, failure: () => unknown = () => new Error('down')) {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw failure();
    return calls;
  };
}

describe('retry', () => {
  test('gives the first success and says why it waited', async () => {
    const { clock, waits } = fakeClock();
    const onRetry = vi.fn<(error: unknown, waitMs: number) => void>();
    const value = await retry(failing(2), { attempts: 5, clock, random: () => 0.5, onRetry });
    expect(value).toBe(3);
    expect(waits).toEqual([250, 500]);
    expect(onRetry.mock.calls.map(([error, wait]) => [String(error), wait])).toEqual([
      ['Error: down', 250],
      ['Error: down', 500],
    ]);
  });

  test('gives up after the last attempt, with the last error', async () => {
    const { clock, waits } = fakeClock();
    let n = 0;
    const last = () => new Error(`down ${(n += 1)}`);
    await expect(retry(failing(9, last), { attempts: 3, clock })).rejects.toThrow('down 3');
    expect(waits).toHaveLength(2);
  });

  test('does not repeat what cannot get better', async () => {
    const { clock, waits } = fakeClock();
    await expect(retry(failing(1), { attempts: 5, clock, retryable: () => false })).rejects.toThrow('down');
    expect(waits).toEqual([]);
  });

  test('waits as long as the server asks, at no cost of attempts', async () => {
    const { clock, waits } = fakeClock();
    const options = { attempts: 1, clock, retryable: () => ({ afterMs: 30_000 }) };
    expect(await retry(failing(4), options)).toBe(5);
    expect(waits).toEqual([30_000, 30_000, 30_000, 30_000]);
  });

  test('loses patience with a server that always asks for more', async () => {
    const { clock, waits } = fakeClock();
    const options = { attempts: 5, clock, patienceMs: 100_000, retryable: () => ({ afterMs: 40_000 }) };
    await expect(retry(failing(1e4), options)).rejects.toThrow('down');
    expect(waits).toEqual([40_000, 40_000]);
  });

  test.each([0, -5, Number.NaN])(
    'does not spin on a server that asks to come back after %d ms',
    async (afterMs) => {
      const { clock, waits } = fakeClock();
      const options = { attempts: 2, clock, patienceMs: 5000, baseMs: 500, retryable: () => ({ afterMs }) };
      await expect(retry(failing(1e4), options)).rejects.toThrow('down');
      expect(waits).toEqual(Array.from({ length: 10 }, () => 500));
    },
  );

  test('stops at once when stopped, with the reason', async () => {
    const { clock } = fakeClock();
    const stop = new AbortController();
    const attempt = async () => {
      stop.abort(new Error('stopped by SIGTERM'));
      throw new Error('socket closed');
    };
    await expect(retry(attempt, { attempts: 5, clock, signal: stop.signal })).rejects.toThrow('SIGTERM');
  });

  test('does not begin when stopped before', async () => {
    const attempt = vi.fn<() => Promise<void>>();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(retry(attempt, { attempts: 5, signal })).rejects.toThrow('too late');
    expect(attempt).not.toHaveBeenCalled();
  });
});

test('the system clock wakes with the reason of the signal', async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(3_600_000, stop.signal);
  stop.abort(new Error('enough'));
  await expect(sleeping).rejects.toThrow('enough');
});

test('back-off is a whole number from 0 to a ceiling that never falls and never passes the cap', () => {
  const setting = fc.record({
    baseMs: fc.nat(60_000),
    capMs: fc.nat(600_000),
    share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    n: fc.integer({ min: 1, max: 5000 }),
  });
  fc.assert(
    fc.property(setting, ({ baseMs, capMs, share, n }) => {
      const wait = backoff(n, { baseMs, capMs, random: () => share });
      expect(Number.isInteger(wait)).toBe(true);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(capMs);
      const ceiling = (at: number) => backoff(at, { baseMs, capMs, random: () => 0.999_999 });
      expect(ceiling(n + 1)).toBeGreaterThanOrEqual(ceiling(n));
    }),
  );
});

test('the sum of all waits stays within attempts times cap, plus the patience', async () => {
  const verdicts = fc.array(
    fc.oneof(
      fc.constant(true),
      fc.record({ afterMs: fc.oneof(fc.integer({ min: -10, max: 90_000 }), fc.constant(Number.NaN)) }),
    ),
    { minLength: 1 },
  );
  await fc.assert(
    fc.asyncProperty(verdicts, fc.integer({ min: 1, max: 8 }), async (list, attempts) => {
      const { clock, waits } = fakeClock();
      let call = 0;
      const options = {
        attempts,
        clock,
        capMs: 7000,
        baseMs: 1000,
        patienceMs: 120_000,
        retryable: () => list[(call += 1) % list.length] ?? true,
      };
      await expect(retry(failing(1e4), options)).rejects.toThrow('down');
      const total = waits.reduce((sum, each) => sum + each, 0);
      expect(total).toBeLessThanOrEqual((attempts - 1) * 7000 + 120_000);
    }),
  );
});

describe('requestedWait', () => {
  const now = Date.parse('2026-11-23T10:00:00Z');

  test.each([
    [{ 'retry-after': '7' }, 7000],
    [{ 'retry-after': ' 7 ' }, 7000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': 'Mon, 23 Nov 2026 10:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-3' }, undefined],
    [{ 'retry-after': '1e9' }, undefined],
    [{ ratelimit: '"api";r=0;t=55' }, 56_000],
    [{ ratelimit: '"api";r=12;t=55' }, undefined],
    [{ 'retry-after': 'soon', ratelimit: '"api"; r=0; t=5' }, 6000],
    [{}, undefined],
  ] as const)('%j asks for %s ms', (headers, wait) => {
    expect(requestedWait(new Headers(headers), now)).toBe(wait);
  });

  test('is never negative and never NaN, whatever the header says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.string({ unit: 'grapheme-ascii' }), (a, b) => {
        const wait = requestedWait(new Headers({ 'retry-after': a, ratelimit: b }), now);
        expect(wait === undefined || wait >= 0).toBe(true);
      }),
    );
  });
});
