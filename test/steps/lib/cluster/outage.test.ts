import { describe, expect, test } from 'vitest';
import { ClusterError } from '../../../../steps/lib/cluster/cluster-error.ts';
import { createOutage } from '../../../../steps/lib/cluster/outage.ts';
import { jumpingClock, listeningLog } from './connect.ts';

const failed = (status: number) =>
  new ClusterError('unavailable', `it says ${status}`, { evidence: [], hint: 'wait', status, reason: '' });

describe('an outage', () => {
  test('is said once, and its end with how long it was', async () => {
    const { log, lines } = listeningLog();
    const clock = jumpingClock();
    const outage = createOutage(log, clock);
    for (let i = 0; i < 5; i += 1) {
      outage.begin(failed(503), 20_000);
      await clock.sleep(20_000);
    }
    outage.end();
    outage.end();
    expect(lines).toEqual([
      expect.stringContaining(
        'warn the API server does not serve us; trying on  because="it says 503" since=1970',
      ),
      'the API server serves us again  after=100s\n',
    ]);
  });

  test('that begins again is said again', () => {
    const { log, lines } = listeningLog();
    const outage = createOutage(log, jumpingClock());
    for (let i = 0; i < 2; i += 1) {
      outage.begin(failed(503), 1);
      outage.end();
    }
    expect(lines.filter((line) => line.includes('does not serve us'))).toHaveLength(2);
  });

  test('of throttling is silent for two minutes, then said once', async () => {
    const { log, lines } = listeningLog();
    const clock = jumpingClock();
    const outage = createOutage(log, clock);
    for (let i = 0; i < 5; i += 1) {
      outage.begin(failed(429), 50_000);
      await clock.sleep(50_000);
    }
    expect(lines).toEqual(['warn the API server throttles us (priority and fairness); waiting on\n']);
  });

  test('that never was has no end', () => {
    const { log, lines } = listeningLog();
    createOutage(log, jumpingClock()).end();
    expect(lines).toEqual([]);
  });
});
