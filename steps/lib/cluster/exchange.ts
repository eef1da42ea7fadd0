import { Agent, request as ask } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { TimedOut } from '../network/connection-errors.ts';
import type { Login } from './account.ts';

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With the query. */
  readonly path: string;
  /** Sent as JSON, untouched. */
  readonly body?: unknown;
  readonly contentType?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** One request and its whole answer. Rejects with the socket's error, a TimedOut, or the signal's reason. */
export type Exchange = (request: Request, login: Login, limits: Limits) => Promise<Answer>;

interface Limits {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** One TLS connection for many requests, made anew when the credentials of the connection itself change. */
export function createExchange(server: string, userAgent: string): Exchange {
  let agent: { of: string; agent: Agent } | undefined;
  const agentFor = ({ tls, agent: own }: Login) => {
    if (own) return own;
    const of = JSON.stringify(tls);
    if (agent?.of !== of) {
      agent?.agent.destroy();
      agent = { of, agent: new Agent({ ...tls, keepAlive: true }) };
    }
    return agent.agent;
  };
  return async ({ method, path, body, contentType = 'application/json' }, login, { timeoutMs, signal }) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await exchange(`${server}${path}`, sent, {
        method,
        agent: agentFor(login),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        headers: {
          accept: 'application/json',
          'user-agent': userAgent,
          ...(sent === undefined
            ? {}
            : { 'content-type': contentType, 'content-length': Buffer.byteLength(sent) }),
          ...login.headers,
          ...(login.bearer === undefined ? {} : { authorization: `Bearer ${login.bearer}` }),
        },
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw timeout.aborted ? new TimedOut(`no answer within ${timeoutMs / 1000} s`) : error;
    }
  };
}

function exchange(
  url: string,
  body: string | undefined,
  options: Parameters<typeof ask>[1],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = ask(url, options, (response) => void readAnswer(response).then(resolve, reject));
    request.on('error', reject);
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return { status: response.statusCode ?? 0, headers, text: Buffer.concat(chunks).toString('utf8') };
}
