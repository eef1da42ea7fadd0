import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { send } from '../../../../steps/lib/network/send.ts';

describe('one request', () => {
  test('gives every header of its answer, and no body to a HEAD', async () => {
    const { url, ask } = await setUp((_, response) =>
      response.setHeader('set-cookie', ['a=1', 'b=2']).writeHead(200, { 'content-length': 4 }).end('body'),
    );
    const response = await ask(url, { method: 'HEAD' });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('content-length')).toBe('4');
    expect(await response.text()).toBe('');
  });

  test('a body that breaks off is an error, not an end', async () => {
    const { url, ask } = await setUp((_, response) => {
      response.setHeader('content-length', 10);
      response.write('five.', () => response.destroy());
    });
    await expect((await ask(url)).text()).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('a 101 that nobody asked for is a broken connection', async () => {
    const { url, ask } = await setUp(({ socket }) => socket.write(switching));
    await expect(ask(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('a kept connection that the server has closed costs nobody a failure', async () => {
    let asked = 0;
    const { url, ask } = await setUp((request, response) => {
      asked += 1;
      // Closed the moment the next request is on its way, as by a server whose idle time is over.
      if (asked === 2) request.socket.destroy();
      else response.end(`answer ${asked}`);
    });
    expect(await (await ask(url)).text()).toBe('answer 1');
    expect(await (await ask(url)).text()).toBe('answer 3');
  });

  test('but a POST is not sent twice', async () => {
    let asked = 0;
    const { url, ask } = await setUp((request, response) => {
      asked += 1;
      if (asked === 2) request.socket.destroy();
      else response.end();
    });
    await (await ask(url)).text();
    await expect(ask(url, { method: 'POST', body: 'once' })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(asked).toBe(2);
  });
});

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';

async function setUp(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const agents = {
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true }),
  };
  onTestFinished(() => {
    agents.httpAgent.destroy();
    agents.httpsAgent.destroy();
    server.close().closeAllConnections();
  });
  const ask = (url: string, { method, body }: { method?: string; body?: string } = {}) => {
    const request = new Request(url, method ? { method } : {});
    return send(request, {
      body: body === undefined ? undefined : Buffer.from(body),
      signal: undefined,
      agents,
    });
  };
  return { ask, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
