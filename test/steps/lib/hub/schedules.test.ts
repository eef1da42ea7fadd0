import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Effect, Fault } from '../../../../sandbox/hub/faults.ts';
import { collect, model, putToWork, weights } from './at-work.ts';

const path = 'model.safetensors';

const bodies: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('cut' as const, 'reset' as const, 'chunked-cut' as const, 'stall' as const),
    after: fc.nat(weights.length),
  }),
  fc.record({ kind: fc.constant('surplus' as const), bytes: fc.integer({ min: 1, max: 100_000 }) }),
);
const answers: fc.Arbitrary<Effect> = fc.record({
  kind: fc.constant('answer' as const),
  status: fc.constantFrom(408, 429, 500, 502, 503, 504),
  headers: fc.constantFrom<Record<string, string>>({}, { 'retry-after': '3' }),
});
const once: fc.Arbitrary<Effect> = fc.constantFrom<Effect[]>(
  { kind: 'shift', by: 7 },
  { kind: 'ignore-range' },
  { kind: 'expired' },
  { kind: 'headers', headers: { 'content-length': '' } },
);

/** Up to six faults that pass, somewhere among the first dozen requests, and at most one answer that is plainly wrong. */
const schedules: fc.Arbitrary<Fault[]> = fc
  .tuple(
    fc.array(
      fc.record({ at: fc.constant('cdn' as const), effect: fc.oneof(bodies, answers), from: fc.nat(11) }),
      {
        maxLength: 4,
      },
    ),
    fc.array(fc.record({ at: fc.constant('resolve' as const), effect: answers, from: fc.nat(3) }), {
      maxLength: 2,
    }),
    fc.array(fc.record({ at: fc.constant('cdn' as const), effect: once, from: fc.nat(11) }), {
      maxLength: 1,
    }),
  )
  .map((faults) => faults.flat().map((fault) => ({ ...fault, from: fault.from + 1 })));

describe('P1 any schedule of faults that pass', () => {
  test('ends with exactly the bytes, range by range', { timeout: 60_000 }, async () => {
    const { fake, hub, file, commit } = await putToWork({ timings: { idleMs: 200, attempts: 30 } });
    const entry = await file(path);
    const ranges = fc.uniqueArray(fc.nat(weights.length), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(schedules, ranges, async (faults, cuts) => {
        fake.clearFaults();
        for (const fault of faults) fake.inject(fault);
        const at = [0, ...cuts.toSorted((a, b) => a - b), weights.length];
        const parts = at.slice(1).map((end, n) => {
          const range = { model, commit, file: entry, start: at[n] ?? 0, end };
          return collect(hub.readRange(range));
        });
        expect(weights.equals(Buffer.concat(await Promise.all(parts)))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
