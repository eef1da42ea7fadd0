import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ChatCompletionCreateParamsBase } from 'openai/resources/chat/completions/completions';
import { afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../../steps/lib/log.ts';
import { createNetwork } from '../../../steps/lib/network.ts';
import { systemClock } from '../../../steps/lib/retry.ts';
import { createAsk } from '../../../steps/smoke-tool-calls/ask.ts';

type Answer = (response: ServerResponse) => void;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const question: ChatCompletionCreateParamsBase = { model: 'm', messages: [], stream: false };
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const events =
  (...lines: string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(lines.map((line) => `data: ${line}\n\n`).join(''));
  };

async function asking(
  answers: readonly Answer[],
  { token = undefined as string | undefined, answerMs = 5000 } = {},
) {
  const requests: { headers: IncomingMessage['headers']; line: string }[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    await text(request);
    requests.push({ headers: request.headers, line: `${request.method} ${request.url}` });
    answers[Math.min(requests.length, answers.length) - 1]?.(response);
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const log = createLog({ write: () => {}, env: {}, step: 'try' });
  const network = await createNetwork({ env: {}, log });
  closing.push(
    () => network.close(),
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const stop = new AbortController();
  const ask = createAsk({
    endpoint: {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      bearer: async () => token,
    },
    service: { namespace: 'models', name: 'gpt-oss' },
    network,
    log,
    clock: systemClock,
    signal: stop.signal,
    answerMs,
    baseMs: 1,
  });
  return { ask, requests, stop };
}

describe('createAsk', () => {
  test('asks /v1/chat/completions with the token and gives the body as it is', async () => {
    const { ask, requests } = await asking([json(200, { odd: true })], { token: 'our.own.token' });
    expect(await ask(question)).toEqual({ kind: 'body', body: { odd: true } });
    expect(requests[0]).toMatchObject({
      line: 'POST /v1/chat/completions',
      headers: { authorization: 'Bearer our.own.token' },
    });
  });

  test('sends no authorization where none is asked for', async () => {
    const { ask, requests } = await asking([json(200, {})]);
    await ask(question);
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('gives the chunks of a stream', async () => {
    const { ask } = await asking([events('{"a":1}', '{"b":2}', '[DONE]')]);
    expect(await ask({ ...question, stream: true })).toEqual({
      kind: 'chunks',
      chunks: [{ a: 1 }, { b: 2 }],
    });
  });

  test('gives what there was of a stream that ends without [DONE]', async () => {
    const { ask } = await asking([events('{"a":1}')]);
    expect(await ask({ ...question, stream: true })).toEqual({ kind: 'chunks', chunks: [{ a: 1 }] });
  });

  test.each<[string, Answer, boolean, unknown]>([
    [
      '400',
      json(400, { error: { message: 'no such choice' } }),
      false,
      { kind: 'refusal', status: 400, message: 'no such choice' },
    ],
    [
      '500',
      json(500, { error: { message: 'HarmonyError' } }),
      false,
      { kind: 'refusal', status: 500, message: 'HarmonyError' },
    ],
    [
      '400 that is not JSON',
      json(400, 'go\naway'),
      false,
      { kind: 'refusal', status: 400, message: 'go away' },
    ],
    [
      'an error in the middle of a stream',
      events('{"a":1}', '{"error":{"message":"engine died"}}'),
      true,
      { kind: 'refusal', status: 500, message: 'engine died' },
    ],
    [
      'half of a JSON text',
      json(200, '{"choices":['),
      false,
      { kind: 'body', body: expect.stringContaining('not JSON') },
    ],
    [
      'an event that is not JSON',
      events('{"a":1}', '{"b'),
      true,
      { kind: 'body', body: expect.stringContaining('not JSON') },
    ],
  ])('takes %s for an answer', async (_, answer, stream, heard) => {
    const { ask, requests } = await asking([answer]);
    expect(await ask({ ...question, stream })).toEqual(heard);
    expect(requests).toHaveLength(1);
  });

  test('asks again when the server is away for a moment', async () => {
    const away: Answer = (response) => response.destroy();
    const { ask, requests } = await asking([
      away,
      json(503, 'no'),
      json(429, 'slow', { 'retry-after': '0' }),
      json(200, {}),
    ]);
    expect(await ask(question)).toEqual({ kind: 'body', body: {} });
    expect(requests).toHaveLength(4);
  });

  const ended = (finish_reason: string) => ({ choices: [{ message: { content: 'pome' }, finish_reason }] });
  const endedStream = (finish_reason: string) =>
    events(
      '{"choices":[{"delta":{"content":"pome"},"finish_reason":null}]}',
      JSON.stringify({ choices: [{ delta: {}, finish_reason }] }),
      '{"choices":[],"usage":{}}',
    );

  test.each<[string, (finish: string) => Answer, boolean]>([
    ['an answer', (finish) => json(200, ended(finish)), false],
    ['a stream', endedStream, true],
  ])('asks again for %s that the server broke off because it is being stopped', async (_, answer, stream) => {
    const again = await asking([answer('abort'), answer('stop')]);
    expect(JSON.stringify(await again.ask({ ...question, stream }))).toContain('"stop"');
    const { ask, requests } = await asking([answer('abort')]);
    await expect(ask({ ...question, stream })).rejects.toMatchObject({
      failure: 'unavailable',
      message: 'the model server broke off its answer: it is being stopped',
    });
    expect(requests).toHaveLength(4);
  });

  const cut = (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"a":1}\n\n', () => setTimeout(() => response.destroy(), 20));
  };

  test('asks again when an answer is cut in the middle, and takes it for one when it is cut each time', async () => {
    const { ask } = await asking([cut, cut, events('{"b":2}', '[DONE]')]);
    expect(await ask({ ...question, stream: true })).toEqual({ kind: 'chunks', chunks: [{ b: 2 }] });
    const dying = await asking([cut]);
    expect(await dying.ask({ ...question, stream: true })).toEqual({
      kind: 'cut',
      message: expect.stringMatching(
        /^127\.0\.0\.1:\d+ ended the connection in the middle of its answer at each of 4 tries$/,
      ),
    });
    expect(dying.requests).toHaveLength(4);
  });

  test('that is cut once and away after that, is away', async () => {
    const { ask } = await asking([cut, json(503, 'no')]);
    await expect(ask({ ...question, stream: true })).rejects.toMatchObject({ failure: 'unavailable' });
  });

  test.each([
    [401, 'refused', 'LD181'],
    [403, 'refused', 'LD182'],
    [503, 'unavailable', 'answers 503'],
  ])('throws at %d, which no answer of the model can mend', async (status, failure, message) => {
    const { ask } = await asking([json(status, 'no')], { token: 'our.own.token' });
    await expect(ask(question)).rejects.toMatchObject({ failure, message: expect.stringContaining(message) });
  });

  test.each<[string, Answer]>([
    ['never begins', () => {}],
    ['stops in the middle', (response) => response.write('data: {"a":1}\n\n')],
  ])('does not wait for ever for a stream that %s', async (_, answer) => {
    const { ask } = await asking([answer], { answerMs: 50 });
    await expect(ask({ ...question, stream: true })).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('gave no whole answer within 0.05 s'),
    });
  });

  test('asks again for an answer that took too long, unless it is impatient', async () => {
    const { ask, requests } = await asking([() => {}, json(200, {}), () => {}], { answerMs: 200 });
    expect(await ask(question)).toEqual({ kind: 'body', body: {} });
    await expect(ask(question, { impatient: true })).rejects.toMatchObject({ failure: 'unavailable' });
    expect(requests).toHaveLength(3);
  });

  test('stops when it is told to, with the reason, also within a stream', async () => {
    const { ask, stop } = await asking([
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"a":1}\n\n');
        stop.abort(new Error('stopped by SIGTERM'));
      },
    ]);
    await expect(ask({ ...question, stream: true })).rejects.toThrow('stopped by SIGTERM');
  });
});
