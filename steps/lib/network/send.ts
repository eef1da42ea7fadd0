import type http from 'node:http';
import { Readable } from 'node:stream';
import { type Agents, wayTo } from './agents.ts';
import { closedEarly } from './connection-errors.ts';

interface SendOptions {
  readonly body: Buffer | undefined;
  readonly signal: AbortSignal | undefined;
  readonly agents: Agents;
}

/** As long as Node's own fetch waits for the next byte. */
const silenceMs = 300_000;
/** Statuses whose answer has no body (Fetch standard, "null body status"). */
const bodiless = new Set([101, 103, 204, 205, 304]);

/** One request and the head of its answer; asked again only where a kept connection turned out to be closed. */
export async function send(request: Request, options: SendOptions): Promise<Response> {
  for (;;) {
    try {
      return await sendOnce(request, options);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      if (options.body !== undefined) throw error.cause;
    }
  }
}

/** The server had closed a kept connection before it saw the request; each of them can be found closed once. */
class StaleConnection extends Error {}

function sendOnce(request: Request, { body, signal, agents }: SendOptions): Promise<Response> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const { scheme, agent } = wayTo(new URL(request.url), agents);
  const outgoing = scheme.request(request.url, {
    method: request.method,
    headers: headersOf(request, body),
    agent,
  });
  let incoming: http.IncomingMessage | undefined;
  const stop = () => (incoming ?? outgoing).destroy(signal?.reason);
  signal?.addEventListener('abort', stop);
  outgoing.on('close', () => {
    signal?.removeEventListener('abort', stop);
    reject(closedEarly());
  });
  outgoing.setTimeout(silenceMs, () => outgoing.destroy(silence()));
  outgoing.on('error', (cause) => {
    const stale = outgoing.reusedSocket && !signal?.aborted;
    reject(stale ? new StaleConnection(cause.message, { cause }) : cause);
  });
  outgoing.on('response', (response) => {
    incoming = response;
    resolve(responseOf(response, request));
  });
  outgoing.end(body);
  return promise;
}

/** No TimedOut: by that name a caller knows that the time it gave itself is over. */
function silence(): Error {
  return Object.assign(new Error(`no byte for ${silenceMs / 1000} s`), { code: 'ETIMEDOUT' });
}

function headersOf(request: Request, body: Buffer | undefined): Record<string, string> {
  const length = body === undefined ? {} : { 'content-length': String(body.length) };
  return { accept: '*/*', ...Object.fromEntries(request.headers), ...length };
}

function responseOf(incoming: http.IncomingMessage, request: Request): Response {
  const status = incoming.statusCode ?? 0;
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2)
    headers.append(incoming.rawHeaders[i] ?? '', incoming.rawHeaders[i + 1] ?? '');
  const empty = bodiless.has(status) || request.method === 'HEAD';
  if (empty) incoming.resume();
  const body = empty ? null : (Readable.toWeb(incoming) as ReadableStream);
  const response = new Response(body, { status, statusText: incoming.statusMessage ?? '', headers });
  return Object.defineProperty(response, 'url', { value: request.url });
}
