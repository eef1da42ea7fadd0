import type { Log } from '../log.ts';
import type { Clock } from '../retry.ts';
import type { ClusterError } from './cluster-error.ts';

const loudAfterMs = 120_000;

/** Says once that the API server is away or throttles, and once that it is back. */
export function createOutage(log: Log, clock: Clock) {
  let since: number | undefined;
  let loud = false;
  return {
    begin(error: ClusterError, waitMs: number): void {
      log.debug('trying the API server again', { because: error.message, 'wait-ms': waitMs });
      if (since === undefined) {
        since = clock.now();
        const first = { because: error.message, since: new Date(since).toISOString() };
        if (error.status !== 429) log.warn('the API server does not serve us; trying on', first);
      } else if (!loud && clock.now() - since >= loudAfterMs) {
        loud = true;
        if (error.status === 429) log.warn('the API server throttles us (priority and fairness); waiting on');
      }
    },
    end(): void {
      if (since === undefined) return;
      const seconds = Math.round((clock.now() - since) / 1000);
      log.info('the API server serves us again', { after: `${seconds}s` });
      since = undefined;
      loud = false;
    },
  };
}
