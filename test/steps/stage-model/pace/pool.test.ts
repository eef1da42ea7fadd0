import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBufferPool, createSlots, forEachAtOnce } from '../../../../steps/stage-model/pace/pool.ts';

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

test('slots count those in use', async () => {
  const slots = createSlots(2);
  const most: number[] = [];
  const work = async () => {
    most.push(slots.used);
    await turn();
  };
  await Promise.all([slots.run(work), slots.run(work), slots.run(work)]);
  expect(most).toEqual([1, 2, 2]);
  expect(slots.used).toBe(0);
});

describe('forEachAtOnce', () => {
  const never = new AbortController().signal;

  test('the first failure stops the others, and is thrown only when all have settled', async () => {
    const settled: string[] = [];
    const work = async (item: string, signal: AbortSignal) => {
      if (item === 'bad') throw new Error('bad');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await turn();
      settled.push(item);
    };
    await expect(forEachAtOnce(['slow', 'bad', 'later'], 2, work, never)).rejects.toThrow('bad');
    expect(settled).toEqual(['slow']);
  });

  test('an abort from outside is thrown as it is', async () => {
    const controller = new AbortController();
    const work = async () => controller.abort(new Error('stopped'));
    await expect(forEachAtOnce([1, 2], 1, work, controller.signal)).rejects.toThrow('stopped');
  });

  test('nothing to do is done', async () => {
    await expect(
      forEachAtOnce([], 3, () => Promise.reject(new Error('called')), never),
    ).resolves.toBeUndefined();
  });
});
