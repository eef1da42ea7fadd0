import { expect, test } from 'vitest';
import { defaultTimings } from '../../../../steps/lib/bucket/timings.ts';
import { backoff } from '../../../../steps/lib/retry.ts';

const { attempts, capMs, connectMs, idleMs, patienceMs, requestMs, serverWorkMs } = defaultTimings;

test('silence is noticed before a request has to end, and a server at work may be silent for longest', () => {
  const limits = [connectMs, idleMs, requestMs, serverWorkMs];
  expect(limits).toEqual(limits.toSorted((a, b) => a - b));
});

test('waits that nobody asked for never grow past their cap, and all together are less than the patience', () => {
  const waits = Array.from({ length: attempts - 1 }, (_, i) => backoff(i + 1, defaultTimings));
  expect(Math.max(...waits)).toBeLessThanOrEqual(capMs);
  expect(waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(patienceMs);
});
