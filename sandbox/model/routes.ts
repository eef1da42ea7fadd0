import type { IncomingMessage, ServerResponse } from 'node:http';
import { deny } from './access.ts';
import type { Reviews } from './access.ts';
import { ApiError } from './api-error.ts';
import { chat } from './chat.ts';
import { complete } from './completions.ts';
import { releases } from './engine.ts';
import type { Engine } from './engine.ts';
import type { ModelFault } from './faults.ts';
import type { Metrics } from './metrics.ts';

export interface Serving {
  readonly engine: Engine;
  readonly metrics: Metrics;
  readonly reviews: Reviews | undefined;
  faults: ModelFault[];
  /** Chats asked so far. */
  chats: number;
  readonly served: Served[];
  readonly refusals: string[];
}

/** One request that was answered. */
export interface Served {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** The request's body, parsed where it is JSON. */
  readonly body: unknown;
}

type Route = (serving: Serving, response: ServerResponse, body: string) => Promise<void> | void;

/** Answers one request; whatever goes wrong is an answer too. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  serving: Serving,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const method = request.method ?? 'GET';
  let body = '';
  try {
    body = await readBody(request);
    if (!(await refused(request, response, path, serving)))
      await route(serving, response, { method, path, body });
  } catch (error) {
    const failure = error instanceof ApiError ? error : new ApiError(500, String(error));
    if (response.headersSent) response.destroy();
    else json(response, failure.status, failure.body);
  }
  serving.served.push({ method, path, status: response.statusCode, body: parsed(body) });
}

const routes: Record<string, Record<string, Route>> = {
  '/health': { GET: (_serving, response) => void response.end() },
  '/version': { GET: ({ engine }, response) => json(response, 200, { version: releases[engine.version] }) },
  '/metrics': {
    GET: ({ metrics }, response) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      response.end(metrics.text());
    },
  },
  '/v1/models': { GET: ({ engine }, response) => json(response, 200, listModels(engine)) },
  '/v1/chat/completions': { POST: (serving, response, body) => chat(serving, response, body) },
  '/v1/completions': { POST: (serving, response, body) => complete(serving, response, body) },
};

/** What vLLM serves and nobody has needed here yet. */
const unbuilt =
  /^\/(?:v1\/(?:responses|embeddings|completions\/render)|tokenize|detokenize|invocations|load|ping|docs|openapi\.json)$/;

async function route(
  serving: Serving,
  response: ServerResponse,
  request: { method: string; path: string; body: string },
) {
  const { method, path, body } = request;
  if (path.startsWith('/v1') && serving.faults.some(({ kind }) => kind === 'html')) return html(response);
  if (unbuilt.test(path)) {
    serving.refusals.push(`${method} ${path}`);
    return json(response, 501, { error: `the sandbox's model does not play ${method} ${path}` });
  }
  const methods = routes[path];
  if (methods === undefined) return json(response, 404, { detail: 'Not Found' });
  const found = methods[method];
  if (found === undefined) return json(response, 405, { detail: 'Method Not Allowed' });
  return found(serving, response, body);
}

/** The proxy's refusal, then vLLM's own (`--api-key` guards /v1 only, and answers with a string). */
async function refused(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  serving: Serving,
): Promise<boolean> {
  const { authorization } = request.headers;
  const denial =
    serving.reviews && path !== '/health' ? await deny(authorization, serving.reviews) : undefined;
  if (denial !== undefined) {
    response.writeHead(denial.status, {
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
    });
    response.end(denial.text);
    return true;
  }
  const { apiKey } = serving.engine;
  if (apiKey === undefined || !path.startsWith('/v1') || authorization === `Bearer ${apiKey}`) return false;
  json(response, 401, { error: 'Unauthorized' });
  return true;
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function html(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(
    '<!doctype html><html><head><title>Log in</title></head><body>Log in with your account</body></html>',
  );
}

function listModels({ servedNames, root, maxModelLen }: Engine): unknown {
  const created = Math.floor(Date.now() / 1000);
  return {
    object: 'list',
    data: servedNames.map((id) => ({
      id,
      object: 'model',
      created,
      owned_by: 'vllm',
      root,
      parent: null,
      max_model_len: maxModelLen,
      permission: [{ id: `modelperm-${id}`, object: 'model_permission', created, allow_sampling: true }],
    })),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
