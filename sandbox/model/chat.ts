import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from './api-error.ts';
import { parseChat } from './chat-request.ts';
import type { ChatRequest } from './chat-request.ts';
import { chatChunks, chatCompletion } from './chat-response.ts';
import { faultsFor, spoil } from './faults.ts';
import type { ModelFault } from './faults.ts';
import { reply } from './reply.ts';
import type { Reply } from './reply.ts';
import type { Serving } from './routes.ts';

/** POST /v1/chat/completions */
export async function chat(serving: Serving, response: ServerResponse, body: string): Promise<void> {
  const { engine, metrics } = serving;
  const request = parseChat(body, engine);
  if (engine.chatError !== undefined) throw new ApiError(500, engine.chatError);
  serving.chats += 1;
  const faults = faultsFor(serving.faults, serving.chats, request);
  const begin = performance.now();
  metrics.started();
  try {
    for (const { kind, ms = 1_000 } of faults) if (kind === 'slow') await delay(ms);
    const said = faults.reduce((so, fault) => spoil(so, fault, request), reply(request, engine));
    await write(said, request, { serving, response, faults });
    metrics.finished({ ...said, reason: said.finish, seconds: (performance.now() - begin) / 1000 });
  } catch (error) {
    metrics.failed();
    throw error;
  }
}

async function write(
  said: Reply,
  request: ChatRequest,
  {
    serving,
    response,
    faults,
  }: { serving: Serving; response: ServerResponse; faults: readonly ModelFault[] },
): Promise<void> {
  if (!request.stream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(chatCompletion(said, request, serving.engine)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const chunks = [...chatChunks(said, request)];
  const broken = faults.some(({ kind }) => kind === 'stream-ends');
  for (const chunk of broken ? chunks.slice(0, Math.ceil(chunks.length / 2)) : chunks) {
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    await delay(0);
  }
  response.end(broken ? '' : 'data: [DONE]\n\n');
}
