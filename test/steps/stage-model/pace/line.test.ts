import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLine } from '../../../../steps/stage-model/pace/line.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('the lowest turn is next, equals in the order of asking, and who was told to stop is not there', async () => {
  const waiting = fc.record({ turn: fc.integer({ min: -3, max: 3 }), stops: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(waiting), async (all) => {
      const line = createLine();
      const order: number[] = [];
      const stopped: number[] = [];
      const stop = new AbortController();
      for (const [i, { turn, stops }] of all.entries()) {
        const place = stops ? { turn, signal: stop.signal } : { turn };
        void line.wait(place).then(
          () => order.push(i),
          () => stopped.push(i),
        );
      }
      stop.abort();
      await settled();
      while (line.startNext()) await settled();
      const staying = all.map((own, i) => ({ ...own, i })).filter(({ stops }) => !stops);
      expect(order).toEqual(staying.sort((a, b) => a.turn - b.turn).map(({ i }) => i));
      expect(stopped).toHaveLength(all.length - staying.length);
    }),
  );
});

test('who has no turn goes before all who have one', async () => {
  const line = createLine();
  const order: string[] = [];
  const waits = [
    line.wait({ turn: -1e15 }).then(() => order.push('turn')),
    line.wait().then(() => order.push('none')),
  ];
  while (line.startNext()) await settled();
  await Promise.all(waits);
  expect(order).toEqual(['none', 'turn']);
});

test('who comes when all is over is told so, and one that has started stays', async () => {
  const line = createLine();
  const stop = new AbortController();
  const started = line.wait({ signal: stop.signal });
  line.startNext();
  stop.abort(new Error('stopped'));
  await expect(started).resolves.toBeUndefined();
  await expect(line.wait({ signal: stop.signal })).rejects.toThrow('stopped');
  expect(line.startNext()).toBe(false);
});
