import { expect, test, vi } from 'vitest';
import { play } from './play.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

// `npm run test:soak` plays 200 others.
test.each([1, 2, 3, 4, 5])('the schedule of seed %i ends well', async (seed) => {
  const { violations } = await play(seed);
  expect(violations).toEqual([]);
});
