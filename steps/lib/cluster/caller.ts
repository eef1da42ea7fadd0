import type { Log } from '../log.ts';
import { explainNetwork } from '../network/failure.ts';
import { type Clock, retry, type RetryVerdict } from '../retry.ts';
import type { Account, Login } from './account.ts';
import { ClusterError } from './cluster-error.ts';
import type { Answer, Exchange } from './exchange.ts';
import { createOutage } from './outage.ts';
import { quoteShort, sourceOf } from './quote.ts';
import type { Subject } from './refusal.ts';
import { readStatus } from './status.ts';
import { transienceOf, waitOf } from './transience.ts';
import { unavailable, webhookDown } from './unavailable.ts';

/** Milliseconds. */
export interface ClusterTimings {
  /** For an answer to a read, and to a write: a write waits for admission webhooks, up to 10 s each. */
  readonly readMs: number;
  readonly writeMs: number;
  /** How long a server may be away that has never answered, and one that has: a restart on one node takes minutes. */
  readonly firstContactMs: number;
  readonly outageMs: number;
  readonly webhookMs: number;
  /** Back-off between tries. */
  readonly baseMs: number;
  readonly capMs: number;
}

export const defaultClusterTimings: ClusterTimings = {
  readMs: 20_000,
  writeMs: 65_000,
  firstContactMs: 60_000,
  outageMs: 300_000,
  webhookMs: 300_000,
  baseMs: 500,
  capMs: 10_000,
};

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

/** What a try failed with, and what to do about it. */
class Setback extends Error {
  readonly error: ClusterError;
  readonly patienceMs: number;
  readonly afterMs: number | undefined;

  constructor(
    error: ClusterError,
    { patienceMs, afterMs }: { patienceMs: number; afterMs: number | undefined },
  ) {
    super(error.message, { cause: error });
    this.error = error;
    this.patienceMs = patienceMs;
    this.afterMs = afterMs;
  }
}

export function createCaller({ account, exchange, log, clock, timings }: CallerOptions): Caller {
  const outage = createOutage(log, clock);
  const host = new URL(account.server).host;
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
      const failure = explainNetwork(error, host);
      if (failure === undefined) throw error;
      const { evidence, hint } = failure.error;
      const known = {
        evidence: [...evidence, `server ${account.server} (${account.source})`],
        hint,
        status: 0,
        reason: '',
        cause: error,
      };
      const translated = new ClusterError(
        failure.error.failure,
        `the Kubernetes API cannot be reached: ${failure.error.message}`,
        known,
      );
      if (!failure.transient) throw translated;
      throw new Setback(translated, {
        patienceMs: answered ? timings.outageMs : timings.firstContactMs,
        afterMs: undefined,
      });
    }
  }

  /** A 401 may only mean that the credentials were renewed: once more with fresh ones. */
  async function sendAs(subject: Subject, signal?: AbortSignal): Promise<Answer> {
    const answer = await send(subject, await account.login(false), signal);
    return answer.status === 401 ? await send(subject, await account.login(true), signal) : answer;
  }

  function judge(answer: Answer, subject: Subject): Answer {
    const why = transienceOf(answer);
    if (why === undefined || (why === 'raced' && hasVersion(subject))) return answer;
    const afterMs = waitOf(answer, clock.now());
    if (why === 'webhook down') {
      throw new Setback(webhookDown(answer, subject), { patienceMs: timings.webhookMs, afterMs });
    }
    throw new Setback(unavailable(answer, subject), {
      patienceMs: subject.patienceMs ?? timings.outageMs,
      afterMs,
    });
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
        const answer = await retry(async () => judge(await sendAs(subject, signal), subject), {
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
        return { ...requireKubernetes(answer, subject, account), mayBeOurs };
      } catch (error) {
        throw error instanceof Setback ? error.error : error;
      }
    },
  };
}

/** A write that names the version it has read must not be repeated behind its caller's back. */
function hasVersion({ request: { method, body } }: Subject): boolean {
  return (
    method === 'PUT' ||
    method === 'DELETE' ||
    (method === 'PATCH' && /"resourceVersion"/.test(JSON.stringify(body)))
  );
}

function warn({ headers }: Answer, log: Log): void {
  for (const [, text = ''] of (headers.get('warning') ?? '').matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
    log.warn('the API server warns', { text: text.replace(/\\(.)/g, '$1') });
  }
}

/** A proxy's page, a login form, a load balancer: whatever it is, it is not the API server. */
function requireKubernetes(answer: Answer, { request }: Subject, account: Account): Answer {
  const type = answer.headers.get('content-type') ?? '';
  const isPage = /html/i.test(type) || /^\s*<(!doctype|html)/i.test(answer.text);
  if (!isPage || readStatus(answer) !== undefined) return answer;
  throw new ClusterError('refused', `what answers at ${account.server} is not the Kubernetes API`, {
    evidence: [`${quoteShort(answer.text)} (${sourceOf(answer, request)}, ${type || 'no content type'})`],
    hint: `check the server in ${account.source}, and whether a proxy stands in the way: curl -k ${account.server}/version`,
    status: answer.status,
    reason: '',
  });
}
