import { messageOf, StepError } from '../errors.ts';
import { parseJson } from '../json.ts';
import type { Log } from '../log.ts';
import { type Clock, requestedWait, retry, systemClock } from '../retry.ts';
import { type Answer, type Asked, explainAnswer, explainSilence } from './errors.ts';

/** Milliseconds. */
export interface EndpointTimings {
  /** For one answer as a whole. A chat on a busy GPU takes a while. */
  readonly answerMs: number;
  /** How long a 401 or 403 may last: the proxy remembers a refusal for 30 s and a new grant travels. */
  readonly grantMs: number;
  readonly grantPollMs: number;
  /** Tries against a server that is down, busy or cuts the connection. */
  readonly attempts: number;
  readonly baseMs: number;
}

export const defaultEndpointTimings: EndpointTimings = {
  answerMs: 120_000,
  grantMs: 90_000,
  grantPollMs: 5_000,
  attempts: 5,
  baseMs: 1_000,
};

export interface Asking {
  readonly url: string;
  readonly service: { readonly namespace: string; readonly name: string };
  readonly fetch: typeof fetch;
  readonly log: Log;
  readonly timings: EndpointTimings;
  readonly clock?: Clock;
  bearer(): Promise<string | undefined>;
}

interface Question {
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** The JSON of a 200 answer; asks again while that can help. Throws StepErrors LD180 to LD183 and their neighbours. */
export async function askJson(asking: Asking, question: Question): Promise<unknown> {
  const { timings, clock = systemClock, log } = asking;
  const refusedUntil = clock.now() + timings.grantMs;
  return retry(() => askOnce(asking, question), {
    attempts: timings.attempts,
    baseMs: timings.baseMs,
    clock,
    ...(question.signal && { signal: question.signal }),
    retryable: (error) => {
      if (!(error instanceof EndpointError)) return false;
      if (error.status === 401 || error.status === 403)
        return clock.now() + timings.grantPollMs <= refusedUntil && { afterMs: timings.grantPollMs };
      if (error.failure !== 'unavailable') return false;
      return error.afterMs === undefined || { afterMs: error.afterMs };
    },
    onRetry: (error, waitMs) => {
      log.warn('asking the model again', { because: messageOf(error), in: `${(waitMs / 1000).toFixed(1)}s` });
    },
  });
}

/** A StepError that remembers what the server said, for the decision to ask again. */
class EndpointError extends StepError {
  readonly status: number | undefined;
  readonly afterMs: number | undefined;

  constructor(error: StepError, said: { status?: number; afterMs?: number | undefined } = {}) {
    super(error.failure, error.message, error);
    this.status = said.status;
    this.afterMs = said.afterMs;
  }
}

async function askOnce(asking: Asking, question: Question): Promise<unknown> {
  const token = await showToken(asking);
  const asked: Asked = {
    url: asking.url + question.path,
    method: question.body ? 'POST' : 'GET',
    service: asking.service,
    ...(token && { token }),
  };
  const answer = await send(asking, asked, question);
  const parsed = answer.status === 200 ? parseJson(answer.text) : undefined;
  if (parsed !== undefined && parsed !== null) return parsed;
  throw new EndpointError(explainAnswer(asked, answer), {
    status: answer.status,
    afterMs: requestedWait(answer.headers, (asking.clock ?? systemClock).now()),
  });
}

/** Our token, unless it would travel in the clear. */
async function showToken({ url, bearer, log }: Asking): Promise<string | undefined> {
  const token = await bearer();
  if (token === undefined) return undefined;
  log.secret(token);
  const { protocol, hostname, host } = new URL(url);
  if (protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)) return token;
  throw new StepError('usage', `the token would travel to ${host} in the clear`, {
    evidence: [`${url} is not https, and the InferenceService asks for a token`],
    hint: 'give the https address of the service, or leave url empty',
  });
}

async function send({ fetch, timings }: Asking, asked: Asked, { body, signal }: Question): Promise<Answer> {
  const timeout = AbortSignal.timeout(timings.answerMs);
  try {
    const response = await fetch(asked.url, {
      method: asked.method,
      headers: {
        accept: 'application/json',
        ...(asked.token && { authorization: `Bearer ${asked.token}` }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      // A redirect would be a login page, and the token must not travel there.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new EndpointError(explainSilence(asked, error, timings.answerMs));
  }
}
