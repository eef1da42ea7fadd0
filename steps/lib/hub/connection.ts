import type http from 'node:http';
import { type Agents, wayTo } from '../network/agents.ts';
import { closedEarly } from '../network/connection-errors.ts';
import { silent } from './body.ts';
import { connectionFault } from './fault.ts';

interface OpenOptions {
  readonly network: Agents;
  readonly headers: Readonly<Record<string, string>>;
  readonly idleMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The head of the answer to one GET; redirects are not followed. Rejects with a HubFault or the signal's reason. */
export async function open(url: URL, options: OpenOptions): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const { network, headers, idleMs, signal } = options;
  signal?.throwIfAborted();
  const { scheme, agent } = wayTo(url, network);
  const request = scheme.get(url, {
    agent,
    headers: { 'user-agent': 'llm-rollout', 'accept-encoding': 'identity', ...headers },
  });
  const silence = setTimeout(() => request.destroy(silent(url.host, idleMs)), idleMs);
  const stop = () => request.destroy();
  signal?.addEventListener('abort', stop);
  request.on('response', (response) => {
    clearTimeout(silence);
    // From here on an error belongs to the body; without a listener it would end the process.
    resolve(response);
  });
  request.on('error', (error) => {
    // A kept connection that the server had closed meanwhile says nothing about the server.
    reject(signal?.aborted ? signal.reason : connectionFault(error, url.host, request.reusedSocket));
  });
  request.on('close', () => {
    clearTimeout(silence);
    signal?.removeEventListener('abort', stop);
    reject(connectionFault(closedEarly(), url.host));
  });
  return await promise;
}
