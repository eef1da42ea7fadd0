import { expect, test } from 'vitest';
import { defaultClusterTimings } from '../../../../steps/lib/cluster/timings.ts';

test('the answer to a write that the server itself gives up, after 60 s, still reaches us', () => {
  expect(defaultClusterTimings.writeMs).toBeGreaterThan(60_000);
});

test('one try more fits into the patience with a server that is away', () => {
  const { readMs, firstContactMs, outageMs } = defaultClusterTimings;
  for (const patience of [firstContactMs, outageMs]) expect(patience).toBeGreaterThan(readMs);
});
