import OpenAI, { APIError } from 'openai';
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import { brokenOff } from '../lib/endpoint/answers.ts';
import { type Asked, explainAnswer, explainSilence, openAiMessage } from '../lib/endpoint/errors.ts';
import type { Endpoint } from '../lib/endpoint.ts';
import { messageOf, StepError } from '../lib/errors.ts';
import { at } from '../lib/json.ts';
import type { Log } from '../lib/log.ts';
import type { Network } from '../lib/network.ts';
import { type Clock, requestedWait, retry } from '../lib/retry.ts';
import type { Heard } from './heard.ts';

interface AskWorld {
  readonly endpoint: Pick<Endpoint, 'url' | 'bearer'>;
  readonly service: { readonly namespace: string; readonly name: string };
  readonly network: Pick<Network, 'fetch'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds for one answer as a whole. */
  readonly answerMs: number;
  readonly baseMs?: number;
}

/** Asks again where that can help; `impatient` not after an answer that took too long. */
export type Ask = (
  request: ChatCompletionCreateParamsBase,
  options?: { readonly impatient?: boolean },
) => Promise<Heard>;

/** Asks through the client that most programs use. Throws what no answer could mend: unreachable, refused, not there. */
export function createAsk(world: AskWorld): Ask {
  const { clock, signal, log, baseMs = 1000 } = world;
  return async (request, { impatient = false } = {}) => {
    const earlier: unknown[] = [];
    try {
      return await retry(async () => refuseBrokenOff(await askOnce(request, world)), {
        attempts: 4,
        baseMs,
        clock,
        signal,
        retryable: (error) => {
          if (!(error instanceof StepError) || error.failure !== 'unavailable') return false;
          if (impatient && isLate(error)) return false;
          const afterMs = error.cause instanceof Answered && requestedWait(error.cause.headers, clock.now());
          return typeof afterMs === 'number' ? { afterMs } : true;
        },
        onRetry: (error) => {
          earlier.push(error);
          log.warn('asking again', { because: messageOf(error) });
        },
      });
    } catch (error) {
      if (error instanceof Cut && earlier.every((each) => each instanceof Cut))
        return { kind: 'cut', message: `${error.message} at each of ${earlier.length + 1} tries` };
      throw error;
    }
  };
}

function isLate({ cause }: StepError): boolean {
  return cause instanceof Error && cause.name === 'TimeoutError';
}

/** The connection ended within an answer that had begun with a 200. An engine that dies of a question looks like this each time. */
class Cut extends StepError {
  constructor(error: StepError) {
    super(error.failure, `${error.message} in the middle of its answer`, error);
  }
}

async function askOnce(request: ChatCompletionCreateParamsBase, world: AskWorld): Promise<Heard> {
  const { endpoint, signal, answerMs } = world;
  const token = await endpoint.bearer();
  const timeout = AbortSignal.timeout(answerMs);
  let begun = false;
  const client = createClient(world, token, () => (begun = true));
  const asked: Asked = {
    url: `${endpoint.url}/v1/chat/completions`,
    method: 'POST',
    service: world.service,
    ...(token && { token }),
  };
  try {
    const heard = await hear(client, request, AbortSignal.any([signal, timeout]));
    signal.throwIfAborted();
    // The client ends a stream that was cut by a signal as if it were whole.
    timeout.throwIfAborted();
    return heard;
  } catch (error) {
    signal.throwIfAborted();
    if (timeout.aborted) throw explainSilence(asked, timeout.reason, answerMs);
    const understood = explain(error, asked);
    if (understood) return understood;
    const silence = explainSilence(asked, error, answerMs);
    throw begun && silence.failure === 'unavailable' ? new Cut(silence) : silence;
  }
}

function createClient(
  { endpoint, network }: AskWorld,
  token: string | undefined,
  onBegin: () => void,
): OpenAI {
  return new OpenAI({
    baseURL: `${endpoint.url}/v1`,
    apiKey: token ?? 'none',
    // What the client would else take from the environment.
    organization: null,
    project: null,
    adminAPIKey: null,
    logLevel: 'off',
    maxRetries: 0,
    timeout: 2 ** 31 - 1,
    defaultHeaders: token === undefined ? { authorization: null } : {},
    fetchOptions: { redirect: 'manual' },
    fetch: async (input, init) => {
      const response = await network.fetch(input, init);
      if (response.status !== 200)
        throw new Answered(response.status, response.headers, await response.text());
      onBegin();
      return response;
    },
  });
}

async function hear(
  client: OpenAI,
  request: ChatCompletionCreateParamsBase,
  signal: AbortSignal,
): Promise<Heard> {
  const answer = await client.chat.completions.create(request, { signal });
  if (!(Symbol.asyncIterator in answer)) return { kind: 'body', body: answer };
  const chunks: unknown[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return { kind: 'chunks', chunks };
}

/** An answer cut short says nothing about the model; who is there after the restart may give a whole one. */
function refuseBrokenOff(heard: Heard): Heard {
  const parts = heard.kind === 'chunks' ? heard.chunks : [heard.kind === 'body' && heard.body];
  if (parts.some((part) => at(part, 'choices', 0, 'finish_reason') === 'abort')) throw brokenOff();
  return heard;
}

/** An answer with another status than 200, past the client, which would keep half of it. */
class Answered extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;

  constructor(status: number, headers: Headers, text: string) {
    super(`status ${status}`);
    this.status = status;
    this.headers = headers;
    this.text = text;
  }
}

/** What an error of the client says of an answer; undefined when there was none. */
function explain(error: unknown, asked: Asked): Heard | undefined {
  const answered = causeOf(error, (each) => each instanceof Answered);
  if (answered) {
    const { failure, message, evidence, hint } = explainAnswer(asked, answered);
    if (failure !== 'check') throw new StepError(failure, message, { evidence, hint, cause: answered });
    return { kind: 'refusal', status: answered.status, message: refusalText(answered.text) };
  }
  if (error instanceof SyntaxError) return { kind: 'body', body: `not JSON: ${error.message}` };
  // An error in the middle of a stream has no status of its own.
  if (error instanceof APIError && error.error !== undefined)
    return { kind: 'refusal', status: 500, message: refusalText(JSON.stringify({ error: error.error })) };
  return undefined;
}

function causeOf<T extends Error>(error: unknown, is: (error: Error) => error is T & Error): T | undefined {
  for (let at = error; at instanceof Error; at = at.cause) if (is(at)) return at;
  return undefined;
}

/** Where it is not in OpenAI's form, the text itself says what there is to say. */
function refusalText(text: string): string {
  return openAiMessage(text) ?? text.replace(/\s+/g, ' ').slice(0, 200);
}
