import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { askJson, type Asking } from '../../../../steps/lib/endpoint/ask.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';
import type { Clock } from '../../../../steps/lib/retry.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A server that gives these answers in turn, the last one for ever. */
async function serve(...answers: Answer[]) {
  const requests: { line: string; authorization: string | undefined; body: string }[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    requests.push({
      line: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
      body,
    });
    answers[Math.min(requests.length, answers.length) - 1]?.(response, request);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

const say =
  (status: number, body: string, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };

const good = say(200, '{"ok":true}');

async function asking(url: string, over: Partial<Asking> = {}) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'try' });
  const network = await createNetwork({ env: {}, log });
  closing.push(() => network.close());
  lines.length = 0;
  const waits: number[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    sleep: async (ms) => {
      waits.push(ms);
      now += ms;
    },
  };
  const caller: Asking = {
    url,
    service: { namespace: 'models', name: 'gpt-oss' },
    fetch: network.fetch,
    log,
    clock,
    timings: { answerMs: 5000, grantMs: 90_000, grantPollMs: 5000, attempts: 4, baseMs: 100 },
    bearer: async () => 'our.own.token',
    ...over,
  };
  return { caller, lines, waits };
}

const path = '/v1/models';

describe('askJson', () => {
  test('sends the token and the question, and gives the JSON', async () => {
    const { url, requests } = await serve(good);
    const { caller } = await asking(url);
    expect(await askJson(caller, { path: '/v1/chat/completions', body: { model: 'm' } })).toEqual({
      ok: true,
    });
    expect(requests).toEqual([
      {
        line: 'POST /v1/chat/completions',
        authorization: 'Bearer our.own.token',
        body: '{"model":"m"}',
      },
    ]);
  });

  test('asks again while a grant travels, and masks the token in what it logs', async () => {
    const echo: Answer = (response, { headers }) =>
      say(403, `no: ${headers.authorization}`)(response, {} as IncomingMessage);
    const { url } = await serve(echo, say(401, 'no'), echo, good);
    const { caller, lines, waits } = await asking(url);
    expect(await askJson(caller, { path })).toEqual({ ok: true });
    expect(waits).toEqual([5000, 5000, 5000]);
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain('our.own.token');
  });

  test.each([401, 403])('gives up on %d after the time that a grant may take', async (status) => {
    const { url, requests } = await serve(say(status, 'no'));
    const { caller } = await asking(url);
    await expect(askJson(caller, { path })).rejects.toMatchObject({ failure: 'refused' });
    expect(requests).toHaveLength(19);
  });

  test('waits for a server that is down for a moment, as long as it asks', async () => {
    const { url, requests } = await serve(
      (response) => response.destroy(),
      say(503, '<html>Application is not available</html>'),
      say(429, '', { 'retry-after': '7' }),
      good,
    );
    const { caller, waits } = await asking(url);
    expect(await askJson(caller, { path })).toEqual({ ok: true });
    expect(requests).toHaveLength(4);
    expect(waits[2]).toBe(7000);
  });

  test('gives up on a server that stays down', async () => {
    const { url, requests } = await serve(say(503, '<html>Application is not available</html>'));
    const { caller } = await asking(url);
    await expect(askJson(caller, { path })).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('LD180 ROUTE_503'),
    });
    expect(requests).toHaveLength(4);
  });

  test.each([
    ['HTML with status 200', say(200, '<html></html>')],
    ['half of a JSON text', say(200, '{"data":[')],
    ['nothing', say(200, '')],
    ['null', say(200, 'null')],
    ['500', say(500, '{"error":{"message":"engine died"}}')],
    ['404', say(404, '{"detail":"Not Found"}')],
  ])('does not repeat a question that was answered with %s', async (_, answer) => {
    const { url, requests } = await serve(answer);
    const { caller } = await asking(url);
    await expect(askJson(caller, { path })).rejects.toMatchObject({ failure: 'check' });
    expect(requests).toHaveLength(1);
  });

  test('does not follow a redirect, which would carry the token to a login page', async () => {
    const elsewhere = await serve(good);
    const { url } = await serve(say(302, '', { location: `${elsewhere.url}/login` }));
    const { caller } = await asking(url, {
      timings: { answerMs: 5000, grantMs: 0, grantPollMs: 1, attempts: 1, baseMs: 1 },
    });
    await expect(askJson(caller, { path })).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('LD181 AUTH_401'),
    });
    expect(elsewhere.requests).toEqual([]);
  });

  test('does not wait for ever for an answer that never comes', async () => {
    const { url } = await serve(() => {});
    const { caller } = await asking(url, {
      timings: { answerMs: 50, grantMs: 0, grantPollMs: 1, attempts: 2, baseMs: 1 },
    });
    await expect(askJson(caller, { path })).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('gave no whole answer within 0.05 s'),
    });
  });

  test('does not wait for ever for an answer that stops in the middle', async () => {
    const { url } = await serve((response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"data"');
    });
    const { caller } = await asking(url, {
      timings: { answerMs: 50, grantMs: 0, grantPollMs: 1, attempts: 1, baseMs: 1 },
    });
    await expect(askJson(caller, { path })).rejects.toMatchObject({ failure: 'unavailable' });
  });

  test('says that nothing listens there', async () => {
    const { caller } = await asking('http://127.0.0.1:1');
    await expect(askJson(caller, { path })).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('127.0.0.1:1'),
      hint: expect.stringContaining('oc get pods'),
    });
  });

  test('says that nobody trusts the certificate, and does not show the token to whoever has it', async () => {
    const authority = await createAuthority('somebody');
    const shown: string[] = [];
    const server = createTlsServer(await authority.issue(['127.0.0.1']), (request, response) => {
      shown.push(request.headers.authorization ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const { caller } = await asking(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await expect(askJson(caller, { path })).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('LD183 TLS: '),
    });
    expect(shown).toEqual([]);
  });

  test('stops when it is told to, with the reason', async () => {
    const stop = new AbortController();
    const { url } = await serve(() => stop.abort(new Error('stopped by SIGTERM')));
    const { caller } = await asking(url);
    await expect(askJson(caller, { path, signal: stop.signal })).rejects.toThrow('stopped by SIGTERM');
  });
});
