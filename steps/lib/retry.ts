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
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock = systemClock, signal, onRetry } = options;
  const budget = { attempt: 1, patienceMs: options.patienceMs ?? 600_000 };
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const waitMs = spend(budget, error, options);
      if (waitMs === undefined) throw error;
      onRetry?.(error, waitMs);
      await clock.sleep(waitMs, signal);
    }
  }
}

/** Milliseconds to wait before the next try, taken from the attempts or from the patience; undefined when there is none left. */
function spend(
  budget: { attempt: number; patienceMs: number },
  error: unknown,
  options: RetryOptions,
): number | undefined {
  const verdict = options.retryable?.(error) ?? true;
  if (typeof verdict === 'object') {
    // A server that asks for no wait at all would otherwise be asked for ever.
    const waitMs = Math.max(options.baseMs ?? defaultBaseMs, verdict.afterMs || 0);
    budget.patienceMs -= waitMs;
    return budget.patienceMs < 0 ? undefined : waitMs;
  }
  if (!verdict || budget.attempt >= options.attempts) return undefined;
  budget.attempt += 1;
  return backoff(budget.attempt - 1, options);
}

const defaultBaseMs = 500;

/** Milliseconds to wait after failed attempt `n`: anywhere below a ceiling that doubles up to `capMs`. */
export function backoff(
  n: number,
  {
    baseMs = defaultBaseMs,
    capMs = 20_000,
    random = Math.random,
  }: Pick<RetryOptions, 'baseMs' | 'capMs' | 'random'>,
): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(n - 1, 40)));
}

/**
 * Milliseconds that a server asks to wait: `Retry-After` (seconds or a date, RFC 9110 §10.2.3), else the Hub's
 * `RateLimit: "api";r=0;t=55`. Undefined when it asks for nothing that can be read.
 */
export function requestedWait(headers: Pick<Headers, 'get'>, now: number): number | undefined {
  const after = headers.get('retry-after');
  if (after !== null) {
    if (/^\d{1,9}$/.test(after.trim())) return Number(after) * 1000;
    // Date.parse reads years into anything: `-3` is 2001.
    const date = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(after) ? Date.parse(after) : Number.NaN;
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  const window = /;\s*r=0\b.*;\s*t=(\d{1,6})/.exec(headers.get('ratelimit') ?? '');
  return window ? (Number(window[1]) + 1) * 1000 : undefined;
}
