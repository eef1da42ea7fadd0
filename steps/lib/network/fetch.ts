import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';

interface Agents {
  readonly httpAgent: http.Agent;
  readonly httpsAgent: https.Agent;
}

const mostRedirects = 5;
/** As long as Node's own fetch waits for the next byte. */
const silenceMs = 300_000;
/** Statuses whose answer has no body (Fetch standard, "null body status"). */
const bodiless = new Set([101, 103, 204, 205, 304]);

/**
 * fetch over our own agents. Node's fetch cannot be given them, and knows no ranges of addresses in NO_PROXY.
 * Bodies are sent in one piece; answers are streamed as they come and not decompressed, since we ask for none compressed.
 * Rejects with the connection's own error (`code`), or with the signal's reason.
 */
export function createFetch(agents: Agents): typeof fetch {
  return async (input, init) => {
    let request = new Request(input, init);
    let body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    for (let hops = 0; ; hops += 1) {
      const response = await send(request, body, agents);
      const next = nextRequest(request, response);
      if (next === undefined) return response;
      if (hops === mostRedirects) throw new TypeError(`more than ${mostRedirects} redirects`);
      await response.body?.cancel();
      if (next.method === 'GET') body = undefined;
      request = next;
    }
  };
}

async function send(request: Request, body: Buffer | undefined, agents: Agents): Promise<Response> {
  try {
    return await sendOnce(request, body, agents);
  } catch (error) {
    if (!(error instanceof StaleConnection) || body !== undefined) throw asThrown(error);
    return await sendOnce(request, body, agents).catch((again: unknown) => {
      throw asThrown(again);
    });
  }
}

/** A kept connection that the server had closed in the meantime: nobody has seen the request. */
class StaleConnection extends Error {}

function asThrown(error: unknown): unknown {
  return error instanceof StaleConnection ? error.cause : error;
}

function sendOnce(request: Request, body: Buffer | undefined, agents: Agents): Promise<Response> {
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const { signal, method } = request;
  const secure = request.url.startsWith('https:');
  const outgoing = (secure ? https : http).request(request.url, {
    method,
    headers: headersOf(request, body),
    agent: secure ? agents.httpsAgent : agents.httpAgent,
    signal,
  });
  outgoing.setTimeout(silenceMs, () => outgoing.destroy(silence()));
  outgoing.on('error', (cause) => {
    if (signal.aborted) reject(signal.reason);
    else reject(outgoing.reusedSocket ? new StaleConnection(cause.message, { cause }) : cause);
  });
  outgoing.on('response', (incoming) => resolve(responseOf(incoming, request)));
  outgoing.end(body);
  return promise;
}

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

/** By the Fetch standard: 303 asks with GET, and credentials do not follow to another origin. */
function nextRequest(request: Request, response: Response): Request | undefined {
  const location = response.headers.get('location');
  const moved = [301, 302, 303, 307, 308].includes(response.status) && location !== null;
  if (!moved || request.redirect === 'manual') return undefined;
  if (request.redirect === 'error') throw new TypeError(`redirected by ${new URL(request.url).host}`);
  const url = new URL(location, request.url);
  const headers = new Headers(request.headers);
  if (url.origin !== new URL(request.url).origin)
    for (const name of ['authorization', 'cookie', 'proxy-authorization']) headers.delete(name);
  const toGet = response.status === 303 || (response.status < 303 && request.method === 'POST');
  return new Request(url, { method: toGet ? 'GET' : request.method, headers, signal: request.signal });
}
