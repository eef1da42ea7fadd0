import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { ApiError } from './api-error.ts';
import { checkMaxTokens, parseJson, servedModel } from './body.ts';
import { usage } from './chat-response.ts';
import { countTokens, tokenize } from './tokens.ts';
import type { Serving } from './routes.ts';

/** POST /v1/completions: goes round harmony, so it works even where every chat fails. */
export function complete(
  { engine, metrics, refusals }: Serving,
  response: ServerResponse,
  body: string,
): void {
  const raw = parseJson(body);
  const model = servedModel(raw['model'], engine);
  const { prompt } = raw;
  if (typeof prompt !== 'string' || raw['stream'] === true) {
    refusals.push('POST /v1/completions with a stream or without a text as prompt');
    throw new ApiError(501, "the sandbox's model plays /v1/completions with one text only");
  }
  const promptTokens = countTokens(prompt);
  if (promptTokens > engine.maxModelLen)
    throw new ApiError(
      400,
      `This model's maximum context length is ${engine.maxModelLen} tokens. However, your request has ${promptTokens} input tokens.`,
    );
  const words = tokenize(' and so on, as a text goes when nobody asked for anything in particular.');
  const said = words.slice(0, checkMaxTokens(raw['max_tokens']) ?? 16);
  const reason = said.length < words.length ? 'length' : 'stop';
  metrics.started();
  metrics.finished({ reason, promptTokens, completionTokens: said.length, seconds: 0 });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      id: `cmpl-${randomUUID().replaceAll('-', '')}`,
      object: 'text_completion',
      created: Math.floor(Date.now() / 1000),
      model,
      choices: [{ index: 0, text: said.join(''), logprobs: null, finish_reason: reason, stop_reason: null }],
      usage: usage({
        promptTokens,
        completionTokens: said.length,
        reasoningTokens: 0,
        reasoning: null,
        content: null,
        finish: 'stop',
      }),
    }),
  );
}
