import type {
  ChatCompletionCreateParamsBase,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions/completions';
import type { Reply } from './reply.ts';
import type { Check, Tool } from './suite.ts';

export interface Asking {
  readonly model: string;
  readonly maxTokens: number;
}

/** The first question of a check. */
export function firstTurn(check: Check, asking: Asking): ChatCompletionCreateParamsBase {
  return request(check, asking, [{ role: 'user', content: check.prompt }]);
}

/** The question again, with the model's call and what the tool returned: only there stands the nonce. */
export function secondTurn(
  check: Check,
  asking: Asking,
  { reply, nonce }: { reply: Reply; nonce: string },
): ChatCompletionCreateParamsBase {
  const calls = reply.calls.map(({ id, name, arguments: words = '' }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: words },
  }));
  return request(check, asking, [
    { role: 'user', content: check.prompt },
    { role: 'assistant', content: reply.content || null, tool_calls: calls },
    ...calls.map(({ id }) => ({
      role: 'tool' as const,
      tool_call_id: id,
      content: JSON.stringify({ status: 'shipped', tracking_code: nonce }),
    })),
  ]);
}

function request(
  { tools, strict = false, stream = false, choice, call }: Check,
  { model, maxTokens }: Asking,
  messages: ChatCompletionMessageParam[],
): ChatCompletionCreateParamsBase {
  const named = { type: 'function' as const, function: { name: call?.name ?? '' } };
  return {
    model,
    messages,
    temperature: 0,
    reasoning_effort: 'low',
    max_completion_tokens: maxTokens,
    stream,
    ...(stream && { stream_options: { include_usage: true } }),
    ...(tools.length > 0 && {
      tools: tools.map((tool) => describe(tool, strict)),
      tool_choice: choice === 'named' ? named : (choice ?? 'auto'),
    }),
  };
}

function describe(tool: Tool, strict: boolean): ChatCompletionTool {
  return {
    type: 'function',
    function: { ...tool, parameters: { ...tool.parameters }, ...(strict && { strict }) },
  };
}
