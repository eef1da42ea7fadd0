import type { Log } from '../log.ts';
import type { Network } from '../network.ts';
import { leastRate } from '../network/least-rate.ts';
import { type Clock, systemClock } from '../retry.ts';
import type { Watch } from './body.ts';
import { checkEndpoint } from './names.ts';

/** All in milliseconds, but for the rate. */
export interface HubTimings extends Watch {
  /** Tries in a row without progress, and the waits between them. */
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** How long all the waits that the Hub asks for may take together. */
  readonly patienceMs: number;
  /** How long a mirror may take to answer for a file at all: Nexus was seen to take an hour to fetch one. */
  readonly coldMs: number;
}

export const defaultTimings: HubTimings = {
  idleMs: 60_000,
  ...leastRate,
  attempts: 8,
  baseMs: 500,
  capMs: 20_000,
  patienceMs: 600_000,
  coldMs: 7_200_000,
};

export interface HubOptions {
  /** https://huggingface.co, or a mirror; plain http only if it says so itself. */
  readonly endpoint: string;
  /** A token of any shape; only ever sent to the endpoint's own origin. */
  readonly token: string | undefined;
  readonly network: Network;
  readonly log: Log;
  readonly clock?: Clock;
  readonly timings?: Partial<HubTimings>;
  /** Called for each question that is asked again, with what was wrong: `503`, `ECONNRESET`, `asked to wait`. */
  readonly onRetry?: (cause: string) => void;
  /** Called each time the Hub or its CDN asks for fewer requests (429, 503). */
  readonly onSlowDown?: () => void;
}

/** What every call to the Hub needs. */
export interface HubSettings {
  /** Ends with a slash. */
  readonly endpoint: URL;
  readonly token: string | undefined;
  readonly network: Network;
  readonly log: Log;
  readonly clock: Clock;
  readonly timings: HubTimings;
  /** Told of each question that is asked again, with what was wrong: `503`, `ECONNRESET`, `asked to wait`. */
  readonly onRetry?: ((cause: string) => void) | undefined;
  readonly onSlowDown?: () => void;
}

export function readSettings(options: HubOptions): HubSettings {
  const { token, network, log, clock = systemClock, timings, onRetry, onSlowDown } = options;
  const endpoint = checkEndpoint(options.endpoint);
  if (token !== undefined) log.secret(token);
  if (endpoint.protocol === 'http:' && endpoint.hostname !== '127.0.0.1')
    log.warn('hub: plain http, so the token and the bytes can be read on the way', {
      endpoint: endpoint.host,
    });
  return {
    endpoint,
    token,
    network,
    log,
    clock,
    timings: { ...defaultTimings, ...timings },
    onRetry,
    ...(onSlowDown ? { onSlowDown } : {}),
  };
}

/** Whether it is not the Hub itself: a mirror may know less, and take longer. */
export function isMirror({ endpoint }: Pick<HubSettings, 'endpoint'>): boolean {
  return endpoint.hostname !== 'huggingface.co';
}

/** The token, for the endpoint's own origin and for no other. */
export function authorization(
  url: URL,
  { endpoint, token }: Pick<HubSettings, 'endpoint' | 'token'>,
): Record<string, string> {
  return token !== undefined && url.origin === endpoint.origin ? { authorization: `Bearer ${token}` } : {};
}
