import { setTimeout as delay } from 'node:timers/promises';

/** Time as an argument, so that tests do not wait. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

/** `{ afterMs }` waits as long as the server asked and costs no attempt; `true` backs off; `false` gives up. */
export type RetryVerdict = boolean | { readonly afterMs: number };

export interface RetryOptions {
  readonly attempts: number;
  readonly baseMs?: number;
  readonly capMs?: number;
  /** How long all waits asked for by the server may take together. */
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly retryable?: (error: unknown) => RetryVerdict;
  readonly onRetry?: (error: unknown, waitMs: number) => void;
}

/**
 * Calls `attempt` until it succeeds, at most `attempts` times, with full jitter under a doubling ceiling
 * (`baseMs` 500, `capMs` 20,000). Throws the last error.
 */
export async function retry<T>(attempt: (n: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock = systemClock, retryable = () => true, patienceMs = 600_000, signal, onRetry } = options;
  let patience = patienceMs;
  for (let n = 1; ;) {
    signal?.throwIfAborted();
    try {
      return await attempt(n);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const verdict = retryable(error);
      let waitMs: number;
      if (typeof verdict === 'object') {
        waitMs = verdict.afterMs;
        patience -= waitMs;
        if (patience < 0) throw error;
      } else {
        if (!verdict || n >= options.attempts) throw error;
        waitMs = backoff(n, options);
        n += 1;
      }
      onRetry?.(error, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }
}

/** Milliseconds to wait after failed attempt `n`: anywhere below a ceiling that doubles up to `capMs`. */
export function backoff(
  n: number,
  { baseMs = 500, capMs = 20_000, random = Math.random }: Pick<RetryOptions, 'baseMs' | 'capMs' | 'random'>,
): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** (n - 1)));
}

/**
 * Milliseconds that a server asks to wait: `Retry-After` (seconds or a date, RFC 9110 §10.2.3), else the Hub's
 * `RateLimit: "api";r=0;t=55`. Undefined when it asks for nothing that can be read.
 */
export function requestedWait(headers: Headers, now: number): number | undefined {
  const after = headers.get('retry-after');
  if (after !== null) {
    if (/^\d{1,9}$/.test(after.trim())) return Number(after) * 1000;
    const date = Date.parse(after);
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  const window = /;\s*r=0\b.*;\s*t=(\d{1,6})/.exec(headers.get('ratelimit') ?? '');
  return window ? (Number(window[1]) + 1) * 1000 : undefined;
}
