import { expect, test } from 'vitest';
import { defaultClusterTimings } from '../../../../steps/lib/cluster/timings.ts';

test('the times that we wait fit those of the server', () => {
  const { readMs, writeMs, firstContactMs, outageMs, webhookMs, raceMs, baseMs, capMs } =
    defaultClusterTimings;
  // The server itself gives a write up after 60 s: its answer must reach us.
  expect(writeMs).toBeGreaterThan(60_000);
  expect(readMs).toBeLessThan(writeMs);
  // One try more must fit into every patience.
  for (const patience of [firstContactMs, outageMs, webhookMs, raceMs])
    expect(patience).toBeGreaterThan(readMs);
  expect(firstContactMs).toBeLessThan(outageMs);
  expect(baseMs).toBeLessThan(capMs);
});
