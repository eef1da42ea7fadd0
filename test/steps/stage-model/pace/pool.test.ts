import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBufferPool } from '../../../../steps/stage-model/pace/pool.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('P9: never more buffers than the pool has, each with one user, whatever the users do', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(4), { maxLength: 30 }),
      async (count, users) => {
        const pool = createBufferPool(count, 8);
        const lent = new Set<Buffer>();
        const seen = new Set<Buffer>();
        const using = users.map((turns, i) =>
          pool.lend(async (buffer) => {
            expect(lent.has(buffer)).toBe(false);
            lent.add(buffer);
            seen.add(buffer);
            expect(lent.size).toBeLessThanOrEqual(count);
            for (let n = 0; n < turns; n += 1) await turn();
            lent.delete(buffer);
            if (i % 3 === 2) throw new Error('a user that fails');
          }),
        );
        await Promise.allSettled(using);
        expect(lent.size).toBe(0);
        expect(seen.size).toBeLessThanOrEqual(count);
      },
    ),
    { numRuns: 100 },
  );
});

test('buffers are lent in the order of asking', async () => {
  const pool = createBufferPool(1, 1);
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((n) => pool.lend(async () => void order.push(n))));
  expect(order).toEqual([1, 2, 3]);
});

test('who waits for a buffer and is told to stop leaves, and the buffer goes to the next', async () => {
  const pool = createBufferPool(1, 1);
  const stopped = new AbortController();
  const { promise: held, resolve: giveBack } = Promise.withResolvers<void>();
  const first = pool.lend(() => held);
  const second = pool.lend(async () => 'used', { signal: stopped.signal });
  const third = pool.lend(async () => 'used');
  stopped.abort(new Error('stopped'));
  await expect(second).rejects.toThrow('stopped');
  giveBack();
  await first;
  await expect(third).resolves.toBe('used');
  await expect(pool.lend(async () => 'again')).resolves.toBe('again');
});
