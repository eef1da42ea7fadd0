import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { sendPart } from '../../../../steps/lib/bucket/send-part.ts';

const body = Buffer.alloc(3 * 2 ** 20, 'part');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const timings = { connectMs: 5_000, requestMs: 20_000, idleMs: 20_000 };

/** A server on loopback, over TLS that the agent trusts when asked for; gives the request that leads to it. */
async function serve(listener: http.RequestListener, secure = false) {
  const authority = await createAuthority('parts');
  const server = secure
    ? https.createServer(await authority.issue(['127.0.0.1']), listener)
    : http.createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const network = {
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true, ca: authority.pem }),
  };
  onTestFinished(() => {
    network.httpAgent.destroy();
    network.httpsAgent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const request = {
    protocol: secure ? 'https:' : 'http:',
    hostname: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    method: 'PUT',
    path: '/models/a',
    query: { partNumber: '7', uploadId: 'a b' },
    headers: { 'content-length': String(body.length), 'x-own': 'kept' },
    body,
  };
  return { request, network };
}

test.each([false, true])(
  'sends all bytes, headers and query, and gives the answer (TLS: %s)',
  async (secure) => {
    const { request, network } = await serve((asked, answer) => {
      const chunks: Buffer[] = [];
      asked.on('data', (chunk: Buffer) => chunks.push(chunk));
      asked.on('end', () => {
        answer.writeHead(200, { etag: '"x"', 'x-url': asked.url, 'x-own': asked.headers['x-own'] });
        answer.end(sha256(Buffer.concat(chunks)));
      });
    }, secure);
    const { statusCode, headers, body: said } = await sendPart(request, { network, timings });
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      etag: '"x"',
      'x-url': '/models/a?partNumber=7&uploadId=a%20b',
      'x-own': 'kept',
    });
    expect(Buffer.from(said).toString()).toBe(sha256(body));
  },
);

test('gives a refusal that comes before the end of the body', async () => {
  const { request, network } = await serve((_asked, answer) => answer.writeHead(403).end('no'), true);
  const { statusCode, body: said } = await sendPart(request, { network, timings });
  expect(statusCode).toBe(403);
  expect(Buffer.from(said).toString()).toBe('no');
});

test('reads no more of an answer than an error of S3 would take', async () => {
  const { request, network } = await serve((asked, answer) => {
    asked.resume();
    const write = () => {
      while (answer.write('x'.repeat(16_384)));
      answer.once('drain', write);
    };
    answer.writeHead(200);
    write();
  });
  const { body: said } = await sendPart(request, { network, timings });
  expect(said.length).toBeGreaterThanOrEqual(65_536);
  expect(said.length).toBeLessThan(300_000);
});

test('an abort ends it with an AbortError', async () => {
  const abort = new AbortController();
  const { request, network } = await serve(() => abort.abort());
  await expect(sendPart(request, { network, timings, signal: abort.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test.each([
  ['no answer', { ...timings, requestMs: 50 }],
  ['no byte', { ...timings, idleMs: 50 }],
])('%s in time is a TimeoutError', async (said, short) => {
  const { request, network } = await serve((asked) => void asked.resume());
  await expect(sendPart(request, { network, timings: short })).rejects.toMatchObject({
    name: 'TimeoutError',
    message: expect.stringContaining(said),
  });
});

test('a connection that breaks is its own error', async () => {
  const { request, network } = await serve((asked) => asked.socket.destroy());
  await expect(sendPart(request, { network, timings })).rejects.toMatchObject({
    code: expect.stringMatching(/^E/),
  });
});

test('after an early refusal nothing more is sent of a body that may be another one by then', async () => {
  const seen = { bytes: 0, foreign: 0 };
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (first) => {
      socket.pause().write('HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n');
      seen.bytes += first.length;
      socket.on('data', (more: Buffer) => {
        seen.bytes += more.length;
        seen.foreign += more.filter((byte) => byte === 0x42).length;
      });
      setTimeout(() => socket.resume(), 200);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const network = { httpAgent: new http.Agent({ keepAlive: true }), httpsAgent: new https.Agent() };
  onTestFinished(() => {
    network.httpAgent.destroy();
    server.close();
  });
  const large = Buffer.alloc(32 * 2 ** 20, 'A');
  const request = {
    protocol: 'http:',
    hostname: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    method: 'PUT',
    path: '/models/a',
    headers: { 'content-length': String(large.length) },
    body: large,
  };
  expect((await sendPart(request, { network, timings })).statusCode).toBe(503);
  large.fill('B');
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(seen.foreign).toBe(0);
  expect(seen.bytes).toBeLessThan(large.length);
});
