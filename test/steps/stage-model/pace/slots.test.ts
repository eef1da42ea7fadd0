import { expect, test } from 'vitest';
import { createSlots } from '../../../../steps/stage-model/pace/slots.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('no more happens at once than there are slots, and one that fails gives its slot back', async () => {
  const slots = createSlots(2);
  let now = 0;
  const seen: number[] = [];
  const work = async () => {
    seen.push((now += 1));
    await turn();
    now -= 1;
    throw new Error('a user that fails');
  };
  const runs = (count: number) => Promise.allSettled(Array.from({ length: count }, () => slots.run(work)));
  await runs(4);
  await runs(3);
  expect(seen).toEqual([1, 2, 2, 2, 1, 2, 2]);
});
