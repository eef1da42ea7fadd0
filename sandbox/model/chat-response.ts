import { randomUUID } from 'node:crypto';
import type { ChatRequest } from './chat-request.ts';
import type { Engine } from './engine.ts';
import type { Reply } from './reply.ts';
import { tokenize } from './tokens.ts';

/** The body of a chat completion that does not stream. */
export function chatCompletion(reply: Reply, request: ChatRequest, engine: Engine): unknown {
  const { call } = reply;
  const calls = call && [
    { id: call.id, type: 'function', function: { name: call.name, arguments: pythonJson(call.arguments) } },
  ];
  return {
    ...envelope('chat.completion', request),
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: reply.content,
          refusal: null,
          annotations: null,
          audio: null,
          function_call: null,
          ...(calls ? { tool_calls: calls } : engine.version === '0.16' && { tool_calls: [] }),
          reasoning: reply.reasoning,
        },
        logprobs: null,
        finish_reason: reply.finish,
        stop_reason: stopReason(reply),
        token_ids: null,
      },
    ],
    usage: usage(reply),
  };
}

/** The chunks of a streamed chat completion: role, reasoning, content or call, finish, and usage where it was asked for. */
export function* chatChunks(reply: Reply, request: ChatRequest): Generator {
  const head = envelope('chat.completion.chunk', request);
  const chunk = (delta: unknown, finish: unknown = null) => ({
    ...head,
    choices: [
      {
        index: 0,
        delta,
        logprobs: null,
        finish_reason: finish,
        ...(finish !== null && { stop_reason: stopReason(reply) }),
      },
    ],
  });
  yield chunk({ role: 'assistant', content: '' });
  for (const piece of tokenize(reply.reasoning ?? '')) yield chunk({ reasoning: piece });
  for (const piece of tokenize(reply.content ?? '')) yield chunk({ content: piece });
  if (reply.call !== undefined) for (const delta of callDeltas(reply.call)) yield chunk(delta);
  yield chunk({}, reply.finish);
  if (request.includeUsage) yield { ...head, choices: [], usage: usage(reply) };
}

function* callDeltas({ id, name, arguments: text }: NonNullable<Reply['call']>): Generator {
  yield { tool_calls: [{ id, type: 'function', index: 0, function: { name, arguments: '' } }] };
  for (const piece of tokenize(text)) yield { tool_calls: [{ index: 0, function: { arguments: piece } }] };
}

export function usage({ promptTokens, completionTokens, reasoningTokens }: Omit<Reply, 'call'>): unknown {
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: null,
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}

function envelope(object: string, { model }: ChatRequest) {
  return {
    id: `chatcmpl-${randomUUID().replaceAll('-', '')}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model,
  };
}

/** 200012 is harmony's `<|call|>`. */
function stopReason({ call, finish }: Reply): number | null {
  return call !== undefined && finish === 'tool_calls' ? 200_012 : null;
}

/** vLLM writes whole arguments anew, with Python's spaces; what it cannot parse it leaves. */
function pythonJson(text: string): string {
  try {
    return print(JSON.parse(text));
  } catch {
    return text;
  }
}

function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${JSON.stringify(key)}: ${print(inner)}`)
    .join(', ')}}`;
}
