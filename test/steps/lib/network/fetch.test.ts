import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFetch } from '../../../../steps/lib/network/fetch.ts';

describe('fetch over our agents', () => {
  test('sends method, headers and body with its length, and gives status, headers and address', async () => {
    const { url, fetch } = await setUp(async (request, response) => {
      const { method, headers } = request;
      const body = await text(request);
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(201, 'Made').end(JSON.stringify({ body, method, headers }));
    });
    const response = await fetch(`${url}x?y=1#z`, {
      method: 'POST',
      headers: { 'x-a': 'b' },
      body: '{"é":1}',
    });
    expect(response).toMatchObject({ status: 201, statusText: 'Made', ok: true, url: `${url}x?y=1#z` });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toMatchObject({
      method: 'POST',
      body: '{"é":1}',
      headers: { 'x-a': 'b', 'content-length': '8', 'content-type': 'text/plain;charset=UTF-8' },
    });
  });

  test('streams an answer as it comes', async () => {
    const { promise, resolve: goOn } = Promise.withResolvers<void>();
    const { url, fetch } = await setUp((_, response) => {
      response.write('first');
      void promise.then(() => response.end('second'));
    });
    const response = await fetch(url);
    const got: string[] = [];
    for await (const chunk of response.body ?? []) {
      got.push(Buffer.from(chunk).toString());
      goOn();
    }
    expect(got).toEqual(['first', 'second']);
  });

  test.each([204, 304])('%i has no body', async (status) => {
    const { url, fetch } = await setUp((_, response) => response.writeHead(status).end());
    const response = await fetch(url);
    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
  });

  test.each([
    [303, 'GET', ''],
    [302, 'GET', ''],
    [307, 'POST', 'body'],
    [308, 'POST', 'body'],
  ])('%i repeats a POST as %s with %j', async (status, method, body) => {
    const { url, fetch } = await setUp((request, response) => {
      if (request.url === '/from') response.writeHead(status, { location: '/to' }).end();
      else void text(request).then((sent) => response.end(`${request.method} ${sent}`));
    });
    const response = await fetch(`${url}from`, { method: 'POST', body: 'body' });
    expect(await response.text()).toBe(`${method} ${body}`);
    expect(response.url).toBe(`${url}to`);
  });

  test('a token does not follow to another origin', async () => {
    const other = await setUp((request, response) => response.end(request.headers.authorization ?? 'none'));
    const { url, fetch } = await setUp((_, response) =>
      response.writeHead(302, { location: other.url }).end(),
    );
    const response = await fetch(url, { headers: { authorization: 'Bearer x', 'x-kept': '1' } });
    expect(await response.text()).toBe('none');
  });

  test('redirects are handed over, refused, or come to an end, as asked', async () => {
    const { url, fetch } = await setUp((_, response) =>
      response.writeHead(302, { location: '/again' }).end(),
    );
    expect((await fetch(url, { redirect: 'manual' })).headers.get('location')).toBe('/again');
    await expect(fetch(url, { redirect: 'error' })).rejects.toThrow('redirected by');
    await expect(fetch(url)).rejects.toThrow('more than 5 redirects');
  });

  test("rejects with the signal's reason, before the answer and in the middle of it", async () => {
    const reason = new Error('enough');
    const silent = await setUp(() => undefined);
    const early = new AbortController();
    const asked = silent.fetch(silent.url, { signal: early.signal });
    early.abort(reason);
    await expect(asked).rejects.toBe(reason);
    await expect(silent.fetch(silent.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);

    const slow = await setUp((_, response) => response.write('first'));
    const late = new AbortController();
    const response = await slow.fetch(slow.url, { signal: late.signal });
    late.abort(reason);
    await expect(response.text()).rejects.toBe(reason);
  });

  test("rejects with the connection's own error", async () => {
    const { url, fetch, server } = await setUp(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    await expect(fetch(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

async function setUp(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const httpAgent = new http.Agent({ keepAlive: true });
  const httpsAgent = new https.Agent({ keepAlive: true });
  onTestFinished(() => {
    httpAgent.destroy();
    httpsAgent.destroy();
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, server, fetch: createFetch({ httpAgent, httpsAgent }) };
}
