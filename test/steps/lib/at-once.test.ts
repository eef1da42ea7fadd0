import { describe, expect, test } from 'vitest';
import { forEachAtOnce } from '../../../steps/lib/at-once.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

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
