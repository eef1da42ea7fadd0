import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClusterFault } from './faults.ts';
import type { ServerCertificate } from '../certificates.ts';
import type { Answer, Ask } from './ask.ts';

interface Listening {
  readonly url: string;
  connections(): number;
  close(): Promise<void>;
}

/** https on loopback: reads requests, plays faults, writes answers. */
export async function listen(
  certificate: ServerCertificate,
  answer: (ask: Ask) => Answer,
  pickFault: (ask: Ask) => ClusterFault['play'] | undefined,
): Promise<Listening> {
  let connections = 0;
  const server = createServer({ cert: certificate.cert, key: certificate.key }, (request, response) => {
    void handle(request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  server.on('secureConnection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ask = await readAsk(request);
    const fault = pickFault(ask);
    if (fault === undefined) send(response, safely(answer, ask));
    else await play(fault, { response, answer: () => safely(answer, ask) });
  }

  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readAsk(request: IncomingMessage): Promise<Ask> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'https://sandbox');
  return {
    method: request.method ?? 'GET',
    path: pathname,
    query: searchParams,
    headers: request.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

function safely(answer: (ask: Ask) => Answer, ask: Ask): Answer {
  try {
    return answer(ask);
  } catch (error) {
    console.error(error);
    return { code: 500, body: `the sandbox failed: ${String(error)}` };
  }
}

interface Stage {
  readonly response: ServerResponse;
  readonly answer: () => Answer;
}

async function play(fault: ClusterFault['play'], { response, answer }: Stage): Promise<void> {
  if ('hang' in fault) return;
  if ('cut' in fault) {
    if (fault.cut === 'after') answer();
    response.socket?.destroy();
  } else if ('slowMs' in fault) {
    await delay(fault.slowMs);
    send(response, answer());
  } else if ('html' in fault) {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<html><body><h1>Sign in to the company proxy</h1></body></html>');
  } else {
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
    response.end(fault.body ?? '');
  }
}

function send(response: ServerResponse, { code, body, warnings = [] }: Answer): void {
  const text = typeof body === 'string';
  const warning = warnings.map((one) => `299 - ${JSON.stringify(one)}`);
  if (warning.length > 0) response.setHeader('warning', warning);
  response.writeHead(code, { 'content-type': text ? 'text/plain; charset=utf-8' : 'application/json' });
  response.end(text ? body : `${JSON.stringify(body)}\n`);
}
