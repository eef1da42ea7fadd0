import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { open } from '../../../../steps/lib/hub/connection.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';
import { config, putToWork, weights } from './at-work.ts';

describe('one GET', () => {
  test('asks for the bytes uncompressed, with the headers given, and follows nothing', async () => {
    const { url, network } = await setUp((request, response) => {
      response.writeHead(302, { location: '/elsewhere' }).end(JSON.stringify(request.headers));
    });
    const response = await open(url, { network, headers: { range: 'bytes=0-9' }, idleMs: 10_000 });
    expect(response.statusCode).toBe(302);
    expect(JSON.parse(await text(response))).toMatchObject({
      range: 'bytes=0-9',
      'accept-encoding': 'identity',
      'user-agent': 'llm-rollout',
    });
  });

  test('F17 that nobody answers is a stall, worth another try', async () => {
    const { url, network } = await setUp(() => undefined);
    await expect(open(url, { network, headers: {}, idleMs: 20 })).rejects.toMatchObject({
      verdict: true,
      final: { failure: 'unavailable', message: `${url.host} sent no byte for 0.02 s` },
    });
  });

  test('a 101 that nobody asked for is a broken connection, worth another try', async () => {
    const { url, network } = await setUp(({ socket }) => void socket.write(switching));
    await expect(open(url, { network, headers: {}, idleMs: 10_000 })).rejects.toMatchObject({
      verdict: true,
      final: { failure: 'unavailable', message: `${url.host} ended the connection` },
    });
  });

  test("ends with the signal's reason: before it, while it waits, and in the body", async () => {
    const reason = new Error('enough');
    const { url, network } = await setUp(
      ({ url: path }, response) => void (path === '/body' && response.write('first')),
    );
    const options = { network, headers: {}, idleMs: 10_000 };
    await expect(open(url, { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const waiting = new AbortController();
    const answer = open(url, { ...options, signal: waiting.signal });
    waiting.abort(reason);
    await expect(answer).rejects.toBe(reason);
    const late = new AbortController();
    const response = await open(new URL('/body', url), { ...options, signal: late.signal });
    late.abort(reason);
    await expect(text(response)).rejects.toThrow('aborted');
  });

  test('F3 a kept connection that the server has closed costs no try and no wait, a new one does', async () => {
    const hangUp = { kind: 'hang-up' } as const;
    const { fake, read, sleeps } = await putToWork({
      faults: [{ at: 'cdn', effect: hangUp }],
      timings: { attempts: 2 },
    });
    expect(weights.equals(await read('model.safetensors'))).toBe(true);
    expect(sleeps).toHaveLength(1);
    fake.inject({ at: 'resolve', path: 'config.json', effect: hangUp });
    expect(String(await read('config.json'))).toBe(config);
    expect(sleeps.slice(1)).toEqual([0]);
  });
});

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';

async function setUp(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const network = await createNetwork({
    env: {},
    log: createLog({ write: () => {}, env: {}, step: 'test' }),
  });
  onTestFinished(() => {
    network.close();
    server.close().closeAllConnections();
  });
  return { network, url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`) };
}
