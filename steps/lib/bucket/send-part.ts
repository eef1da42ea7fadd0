import type http from 'node:http';
import { bareHost } from '../network/address.ts';
import { type Agents, wayTo } from '../network/agents.ts';
import { closedEarly, TimedOut } from '../network/connection-errors.ts';
import { percentEncode } from './percent.ts';
import type { BucketTimings } from './timings.ts';

/** One signed request whose body lies in memory. */
export interface PartRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What came back, whole; of a body that no S3 server sends, its beginning. */
export interface PartAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface SendOptions {
  readonly network: Agents;
  readonly timings: Pick<BucketTimings, 'connectMs' | 'requestMs' | 'idleMs'>;
  readonly signal?: AbortSignal | undefined;
}

/** TLS copies what it is given and encrypts all of it before the first byte leaves. */
const pieceBytes = 512 * 1024;

/** An error in XML takes a few hundred bytes. */
const mostAnswerBytes = 64 * 1024;

/**
 * Sends a part and gives the answer. The SDK's own handler hands the whole body to the socket at once, which over TLS
 * takes its size twice more in memory. Rejects with the connection's own error, or a TimeoutError.
 */
export async function sendPart(asked: PartRequest, options: SendOptions): Promise<PartAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PartAnswer>();
  const { network, signal } = options;
  signal?.throwIfAborted();
  const { secure, scheme, agent } = wayTo(asked, network);
  const request = scheme.request({
    ...addressOf(asked),
    method: asked.method,
    headers: asked.headers,
    agent,
  });
  const stop = () => request.destroy(abortError());
  signal?.addEventListener('abort', stop);
  keepTime(request, secure, options);
  request.on('error', reject);
  request.on('response', (response) => {
    response.on('error', reject);
    collect(response, (body) => {
      resolve(answerOf(response, body));
      // An answer before the end of the body is a refusal: the rest is not sent, and the connection is of no more use.
      if (!request.writableFinished || !response.complete) request.destroy();
    });
  });
  request.on('close', () => {
    signal?.removeEventListener('abort', stop);
    reject(closedEarly());
  });
  write(request, asked.body, secure ? pieceBytes : asked.body.length);
  return await promise;
}

function addressOf({ hostname, port, path, query = {} }: PartRequest): http.RequestOptions {
  const words = Object.entries(query).map(
    ([name, value]) => `${percentEncode(name)}=${percentEncode(String(value))}`,
  );
  return {
    host: bareHost(hostname),
    ...(port !== undefined && { port }),
    path: words.length > 0 ? `${path}?${words.join('&')}` : path,
  };
}

function collect(response: http.IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= mostAnswerBytes) done(Buffer.concat(chunks));
  });
  response.on('end', () => done(Buffer.concat(chunks)));
}

/** Piece by piece, the next one when the last is on its way. */
function write(request: http.ClientRequest, body: Uint8Array, most: number): void {
  let at = 0;
  let answered = false;
  request.once('response', () => (answered = true));
  const isWanted = () => !answered && !request.destroyed;
  const next = () => {
    while (at < body.length && isWanted()) {
      const piece = body.subarray(at, at + most);
      at += piece.length;
      if (at < body.length && !request.write(piece)) {
        request.once('drain', next);
        return;
      }
      if (at === body.length) request.end(piece);
    }
  };
  if (body.length === 0) request.end();
  else next();
}

function keepTime(
  request: http.ClientRequest,
  secure: boolean,
  { timings }: Pick<SendOptions, 'timings'>,
): void {
  const { connectMs, requestMs, idleMs } = timings;
  const late = (what: string, ms: number) => () => request.destroy(new TimedOut(`${what} after ${ms} ms`));
  const answer = setTimeout(late('no answer', requestMs), requestMs);
  request.setTimeout(idleMs, late('no byte', idleMs));
  request.once('close', () => clearTimeout(answer));
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const connection = setTimeout(late('no connection', connectMs), connectMs);
    socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(connection));
    request.once('close', () => clearTimeout(connection));
  });
}

function answerOf({ statusCode, headers }: http.IncomingMessage, body: Buffer): PartAnswer {
  const values = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return { statusCode: statusCode ?? 0, headers: Object.fromEntries(values), body };
}

function abortError(): Error {
  return Object.assign(new Error('aborted'), { name: 'AbortError' });
}
