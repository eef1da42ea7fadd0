import { expect, test } from 'vitest';
import { createGrowth } from '../../../../steps/stage-model/thread/growth.ts';

test.each([
  { busy: [1], idleCores: 1, grows: true },
  { busy: [0.95, 0.9], idleCores: 0.5, grows: true },
  { busy: [0.95, 0.5], idleCores: 4, grows: false },
  { busy: [0.5], idleCores: 4, grows: false },
  { busy: [1], idleCores: 0.4, grows: false },
])('threads busy $busy, $idleCores cores idle: another one $grows', ({ busy, idleCores, grows }) => {
  expect(createGrowth(() => idleCores)(busy)).toBe(grows);
});
