import { createServer, type ServerOptions } from 'node:https';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deny, type Reviews } from './model/access.ts';

export interface GuardOptions {
  /** `http://host:port` of the model. */
  readonly upstream: string;
  readonly tls: Pick<ServerOptions, 'cert' | 'key'>;
  readonly reviews: Reviews;
  readonly host?: string;
  readonly port?: number;
}

/** The proxy that OpenShift AI puts before a model: https, and only for who may `get` the InferenceService. Returns its port. */
export async function startGuard({ upstream, tls, reviews, host, port }: GuardOptions): Promise<{
  readonly port: number;
  close(): Promise<void>;
}> {
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const denial = await deny(incoming.headers.authorization, reviews);
    if (denial) response.writeHead(denial.status, { 'content-type': 'text/plain' }).end(denial.text);
    else passOn(upstream, incoming, response);
  };
  const server = createServer(tls, (incoming, response) => {
    handle(incoming, response).catch(() => response.writeHead(500).end('the review failed\n'));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port ?? 0, host ?? '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The caller's token stays here, as the real one keeps it. */
function passOn(upstream: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { authorization: _token, host: _host, ...headers } = incoming.headers;
  const outgoing = request(
    new URL(incoming.url ?? '/', upstream),
    { method: incoming.method, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    },
  );
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
  response.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}
