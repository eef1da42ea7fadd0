import { StepError } from '../errors.ts';
import { retry } from '../retry.ts';
import { isPage, page } from './answer.ts';
import { open } from './connection.ts';
import { connectionFault, HubFault, verdictOf } from './fault.ts';
import { type AnswerHeaders, readHeaders } from './headers.ts';
import { moved } from './moved.ts';
import { withNextPage } from './next-page.ts';
import { reportRetry } from './patience.ts';
import { type Asked, explainRefusal } from './refusal.ts';
import { authorization, type HubSettings } from './settings.ts';
import { Packed, unpack } from './unpack.ts';

/**
 * The fetch that @huggingface/hub is given: it sends the token (of any shape) to the endpoint and nothing anywhere
 * else, reads the headers that the package keeps to itself, asks again where that may help, and turns every failure
 * into a HubFault.
 */
export function createApiFetch(
  hub: HubSettings,
  about: Omit<Asked, 'endpoint' | 'withToken'>,
  signal?: AbortSignal,
) {
  const asked = { ...about, endpoint: hub.endpoint, withToken: hub.token !== undefined };
  const visited = new Set<string>();
  return async (input: Input): Promise<Response> => {
    const url = addressOf(input);
    checkAddress(url, hub.endpoint);
    // A page that names itself as the next one would be listed for ever.
    if (visited.has(url.href)) throw listing(hub.endpoint, 'comes back to a page that it had already given');
    visited.add(url.href);
    const { headers, text } = await persist(hub, `${about.model}@${about.revision}`, signal, async () => {
      const answer = await ask(url, hub, signal);
      demandSuccess(answer, url, asked, hub.clock.now());
      return { headers: answer.headers, text: await textOf(answer, url.host) };
    });
    return answerOf(text, withNextPage(headers, url, about));
  };
}

/**
 * The same for an address with a query that a mirror may not know: Artifactory answers 404 to any, and to none with all
 * that a query could ask for.
 */
export function orWithoutQuery(fetch: (input: Input) => Promise<Response>) {
  return async (input: Input): Promise<Response> => {
    try {
      return await fetch(input);
    } catch (error) {
      if (!(error instanceof HubFault) || error.unnamed !== 404) throw error;
      const url = addressOf(input);
      url.search = '';
      return await fetch(url);
    }
  };
}

type Input = string | URL | Request;

function addressOf(input: Input): URL {
  return new URL(typeof input === 'object' && 'url' in input ? input.url : input);
}

/** Adds the retries, to each page its own: a listing of more pages than the Hub allows in one window still comes to its end. */
async function persist<T>(
  hub: HubSettings,
  what: string,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  const { attempts, baseMs, capMs, patienceMs } = hub.timings;
  return await retry(call, {
    attempts,
    baseMs,
    capMs,
    patienceMs,
    clock: hub.clock,
    ...(signal ? { signal } : {}),
    retryable: verdictOf,
    onRetry: (error, waitMs) => reportRetry(hub, error, waitMs, what),
  });
}

function demandSuccess({ status, headers }: Answer, url: URL, asked: Asked, now: number): void {
  if (status >= 300 && status < 400) throw moved(asked, url, headers.get('location'));
  if (status >= 400) throw explainRefusal(asked, { status, headers, url, now });
  if (isPage({ headers })) throw page({ path: 'the listing' }, { status, headers, host: url.host });
}

/** As much of a Response as the package reads of one that is well (see headers.ts why it is none). */
function answerOf(text: string, headers: AnswerHeaders): Response {
  const json = async (): Promise<unknown> => JSON.parse(text);
  return { ok: true, status: 200, headers, json } as Response;
}

interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Buffer;
}

/** A page of a listing is about a megabyte; of the largest repositories all files in one answer are some tens. */
const mostBytes = 64 * 1024 * 1024;

/** The whole answer: the time it may take is that of its body too. */
async function ask(url: URL, hub: HubSettings, signal?: AbortSignal): Promise<Answer> {
  const { network, timings } = hub;
  const { idleMs } = timings;
  const patience = AbortSignal.timeout(idleMs);
  try {
    const response = await open(url, {
      network,
      idleMs,
      headers: { accept: 'application/json', ...authorization(url, hub) },
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    return {
      status: response.statusCode ?? 0,
      headers: readHeaders(response.rawHeaders),
      body: await readBody(response, url.host),
    };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (patience.aborted) throw late(url.host, idleMs);
    throw connectionFault(error, url.host);
  }
}

async function readBody(response: AsyncIterable<Buffer>, host: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw unreadable(host, `is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A cache may give the answer as it got it, compressed, although we ask for it as it is. */
async function textOf({ body, headers }: Answer, host: string): Promise<string> {
  try {
    return (await unpack(body, headers.get('content-encoding'), mostBytes)).toString();
  } catch (error) {
    throw error instanceof Packed ? unreadable(host, error.message) : error;
  }
}

function unreadable(host: string, what: string): HubFault {
  const error = new StepError('check', `${host} gives an answer that cannot be read`, {
    evidence: [`it ${what} (${host})`],
    hint: 'use another --hf-endpoint, or look at the cache or proxy between it and the pod',
  });
  return new HubFault(error, { verdict: false });
}

function checkAddress(url: URL, endpoint: URL): void {
  if (url.origin === endpoint.origin && url.pathname.startsWith(`${endpoint.pathname}api/`)) return;
  throw listing(endpoint, `goes on at ${url.origin}, where we do not follow`);
}

function listing(endpoint: URL, what: string): HubFault {
  const error = new StepError('check', `the listing of ${endpoint.host} ${what}`, {
    evidence: [`Link: rel="next" (${endpoint.host})`],
    hint: 'a mirror has to rewrite the Link header of its listings; use one that does, or https://huggingface.co',
  });
  return new HubFault(error, { verdict: false });
}

function late(host: string, ms: number): HubFault {
  const error = new StepError('unavailable', `${host} gave no whole answer within ${ms / 1000} s`, {
    evidence: [`no end of the answer (${host})`],
    hint: 'run it again later; or look at the proxy and the egress of the cluster',
  });
  return new HubFault(error, { verdict: true });
}
