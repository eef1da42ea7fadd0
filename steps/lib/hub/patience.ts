import { backoff } from '../retry.ts';
import { finalOf, HubFault, verdictOf } from './fault.ts';
import type { HubSettings } from './settings.ts';

export interface Patience {
  /** Waits until it is time to try again, or throws the error's final words. `bytes` had come before it failed. */
  outlast(thrown: unknown, path: string, bytes?: number): Promise<void>;
}

/** So many bytes without a failure are progress: the count of failures in a row starts again. */
export const progressBytes = 1024 * 1024;

/** `retry` for what cannot be called again from its beginning: bytes that were handed on are not asked for twice. */
export function createPatience(
  hub: Pick<HubSettings, 'timings' | 'clock' | 'log' | 'onRetry' | 'onSlowDown'>,
  signal?: AbortSignal,
): Patience {
  const { timings, clock } = hub;
  let failures = 0;
  /** Those among them that are not the network's: the server said something wrong. */
  let wrong = 0;
  let granted = timings.patienceMs;
  const isOver = (thrown: unknown): boolean => {
    if (!(thrown instanceof HubFault) || thrown.verdict === false) return true;
    if (typeof thrown.verdict === 'object') return (granted -= thrown.verdict.afterMs) < 0;
    failures += 1;
    if (thrown.tries < Infinity) wrong += 1;
    return failures >= timings.attempts || wrong >= thrown.tries;
  };
  return {
    async outlast(thrown, path, bytes = 0) {
      if (bytes >= progressBytes) failures = wrong = 0;
      if (signal?.aborted) throw signal.reason;
      if (thrown instanceof HubFault && thrown.slowDown) hub.onSlowDown?.();
      if (isOver(thrown)) throw finalOf(thrown);
      const verdict = verdictOf(thrown);
      const waitMs = typeof verdict === 'object' ? verdict.afterMs : backoff(failures, timings);
      reportRetry(hub, thrown, waitMs, path);
      await clock.sleep(waitMs, signal);
    },
  };
}

/** What the server asks to wait for is worth a line of its own; a connection found stale is worth none. */
export function reportRetry(
  { log, onRetry }: Pick<HubSettings, 'log' | 'onRetry'>,
  thrown: unknown,
  waitMs: number,
  path: string,
): void {
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  const asked = typeof verdictOf(thrown) === 'object';
  if (!asked || waitMs > 0) onRetry?.(asked ? 'asked to wait' : causeOf(thrown));
  const fields = { path, reason: why, wait: `${(waitMs / 1000).toFixed(1)}s` };
  if (!asked) log.warn('hub: trying again', fields);
  else if (waitMs > 0) log.warn('hub: waiting as asked', fields);
  else log.debug('hub: trying again at once', fields);
}

/** A few words of a small set, to count by: the status, the code of the connection, or that bytes were wrong or none. */
function causeOf(thrown: unknown): string {
  if (!(thrown instanceof HubFault)) return 'unknown';
  const { message, evidence } = thrown.final;
  const said = evidence[0] ?? '';
  const status = /^(?:HTTP )?([45]\d\d)\b/.exec(said)?.[1];
  const code = /\b(E[A-Z]{4,}|EAI_[A-Z]+|ERR_[A-Z_]+|HPE_[A-Z_]+)\b/.exec(said)?.[1];
  if (status ?? code) return status ?? code ?? '';
  return /stayed open/.test(said) || /sent no byte/.test(message) ? 'stall' : 'wrong answer';
}
