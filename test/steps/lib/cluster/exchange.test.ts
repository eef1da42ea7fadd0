import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { createExchange } from '../../../../steps/lib/cluster/exchange.ts';
import { atTheEnd, closeAll } from './connect.ts';

afterEach(closeAll);

async function serve(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const authority = await createAuthority('exchange');
  const server: Server = createServer(await authority.issue(['127.0.0.1']), (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => answer(request, response, body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  let connections = 0;
  server.on('secureConnection', () => (connections += 1));
  atTheEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const exchange = createExchange(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, 'us/1');
  const login = { tls: { ca: authority.pem }, headers: { 'X-Own': 'yes' }, bearer: 'token' };
  return { exchange, login, connections: () => connections, authority };
}

const limits = { timeoutMs: 10_000 };

describe('an exchange', () => {
  test('sends the body untouched, says who asks, and gives the whole answer', async () => {
    const { exchange, login } = await serve(({ headers, method, url }, response, body) => {
      response.statusCode = 201;
      response.setHeader('warning', ['299 - "a"', '299 - "b"']);
      response.end(JSON.stringify({ method, url, body, headers }));
    });
    const body = { name: 'ü', deep: [null, { Capital: 1 }] };
    const request = {
      method: 'PATCH',
      path: '/x?y=z',
      body,
      contentType: 'application/merge-patch+json',
    } as const;
    const { status, headers, text } = await exchange(request, login, limits);
    expect(status).toBe(201);
    expect(headers.get('warning')).toBe('299 - "a", 299 - "b"');
    const seen = JSON.parse(text) as { body: string; headers: object };
    expect(JSON.parse(seen.body)).toEqual(body);
    expect(seen).toMatchObject({
      method: 'PATCH',
      url: '/x?y=z',
      headers: {
        authorization: 'Bearer token',
        'user-agent': 'us/1',
        'x-own': 'yes',
        'content-type': 'application/merge-patch+json',
      },
    });
  });

  test('shares a connection, until the certificates change', async () => {
    const { exchange, login, connections, authority } = await serve((_, response) => response.end('{}'));
    const request = { method: 'GET', path: '/' } as const;
    for (let i = 0; i < 5; i += 1) await exchange(request, { ...login, bearer: `token-${i}` }, limits);
    expect(connections()).toBe(1);
    await exchange(request, { ...login, tls: { ca: [authority.pem] } }, limits);
    expect(connections()).toBe(2);
  });

  test('that is not answered in time is timed out', async () => {
    const { exchange, login } = await serve(() => {});
    const asked = exchange({ method: 'GET', path: '/' }, login, { timeoutMs: 50 });
    await expect(asked).rejects.toMatchObject({ code: 'ETIMEDOUT', message: 'no answer within 0.05 s' });
  });

  test('whose answer stops in the middle is timed out too', async () => {
    const { exchange, login } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
    });
    const asked = exchange({ method: 'GET', path: '/' }, login, { timeoutMs: 100 });
    await expect(asked).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('whose answer is cut is no answer', async () => {
    const { exchange, login } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"half":', () => response.destroy());
    });
    await expect(exchange({ method: 'GET', path: '/' }, login, limits)).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
  });

  test('that is aborted ends with the reason of the abort', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped');
    const { exchange, login } = await serve(() => stop.abort(reason));
    const asked = exchange({ method: 'GET', path: '/' }, login, { ...limits, signal: stop.signal });
    await expect(asked).rejects.toBe(reason);
  });

  test('trusts no other authority', async () => {
    const { exchange } = await serve((_, response) => response.end());
    const other = await createAuthority('another');
    const login = { tls: { ca: other.pem }, headers: {} };
    await expect(exchange({ method: 'GET', path: '/' }, login, limits)).rejects.toMatchObject({
      code: expect.stringMatching(/CERT|SIGNATURE/),
    });
  });
});
