import { expect, test } from 'vitest';
import { createGrowth } from '../../../../steps/stage-model/thread/growth.ts';

test.each([
  { busy: [1], idleCores: 1, grows: true },
  { busy: [0.95, 0.9], idleCores: 0.25, grows: true },
  { busy: [0.95, 0.5], idleCores: 4, grows: false },
  { busy: [0.5], idleCores: 4, grows: false },
  { busy: [1], idleCores: 0.2, grows: false },
])('threads busy $busy, $idleCores cores idle: another one $grows', ({ busy, idleCores, grows }) => {
  const growth = createGrowth(() => idleCores);
  expect([growth(busy), growth(busy), growth(busy)]).toEqual([false, grows, false]);
});

test('one look with something in the way begins anew', () => {
  const growth = createGrowth(() => 1);
  expect([[1], [0.5], [1], [1]].map(growth)).toEqual([false, false, false, true]);
});
