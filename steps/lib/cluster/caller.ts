import type { Log } from '../log.ts';
import { type Clock, retry, type RetryVerdict } from '../retry.ts';
import type { Account, Login } from './account.ts';
import type { Answer, Exchange } from './exchange.ts';
import { requireKubernetes } from './genuine.ts';
import { createOutage } from './outage.ts';
import type { Subject } from './refusal.ts';
import { explainConnection, requireFinal, Setback } from './setback.ts';
import type { ClusterTimings } from './timings.ts';

/** Sends until there is an answer that would be the same again. */
export interface Caller {
  call(subject: Subject, signal?: AbortSignal): Promise<Reply>;
}

export interface Reply extends Answer {
  /** An earlier try of this request was cut off: the server may have done it then. */
  readonly mayBeOurs: boolean;
}

interface CallerOptions {
  readonly account: Account;
  readonly exchange: Exchange;
  readonly log: Log;
  readonly clock: Clock;
  readonly timings: ClusterTimings;
}

export function createCaller({ account, exchange, log, clock, timings }: CallerOptions): Caller {
  const outage = createOutage(log, clock);
  let answered = false;

  async function send(subject: Subject, login: Login, signal?: AbortSignal): Promise<Answer> {
    const { request } = subject;
    const timeoutMs = request.method === 'GET' ? timings.readMs : timings.writeMs;
    try {
      const answer = await exchange(request, login, { timeoutMs, ...(signal && { signal }) });
      answered = true;
      return answer;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      const patienceMs = answered ? timings.outageMs : timings.firstContactMs;
      throw explainConnection(error, account, patienceMs) ?? error;
    }
  }

  /** A 401 may only mean that the credentials were renewed: once more with fresh ones. */
  async function sendAs(subject: Subject, signal?: AbortSignal): Promise<Answer> {
    const answer = await send(subject, await account.login(false), signal);
    return answer.status === 401 ? await send(subject, await account.login(true), signal) : answer;
  }

  async function attempt(subject: Subject, signal?: AbortSignal): Promise<Answer> {
    const answer = await sendAs(subject, signal);
    requireFinal(answer, subject, timings, clock.now());
    return answer;
  }

  return {
    async call(subject, signal) {
      const started = clock.now();
      let mayBeOurs = false;
      const retryable = (error: unknown): RetryVerdict => {
        if (!(error instanceof Setback)) return false;
        mayBeOurs ||= error.error.status === 0 || error.error.status >= 500;
        if (clock.now() - started >= error.patienceMs) return false;
        return error.afterMs === undefined ? true : { afterMs: error.afterMs };
      };
      try {
        const answer = await retry(async () => await attempt(subject, signal), {
          attempts: Infinity,
          patienceMs: timings.outageMs,
          baseMs: timings.baseMs,
          capMs: timings.capMs,
          clock,
          retryable,
          onRetry: (error, waitMs) => outage.begin((error as Setback).error, waitMs),
          ...(signal && { signal }),
        });
        outage.end();
        warn(answer, log);
        requireKubernetes(answer, subject, account);
        return { ...answer, mayBeOurs };
      } catch (error) {
        throw error instanceof Setback ? error.error : error;
      }
    },
  };
}

function warn({ headers }: Answer, log: Log): void {
  for (const [, text = ''] of (headers.get('warning') ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
    log.warn('the API server warns', { text: text.replace(/\\(.)/g, '$1') });
  }
}
