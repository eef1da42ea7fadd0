import { reasoningOf } from '../lib/endpoint/answers.ts';
import { at, isRecord, textAt } from '../lib/json.ts';

/** One answer, streamed or not, as far as it is judged. */
export interface Reply {
  readonly content: string;
  readonly reasoning: string;
  readonly calls: readonly ReplyCall[];
  readonly finish: string;
  readonly completionTokens: number | undefined;
}

export interface ReplyCall {
  readonly id: string;
  readonly name: string;
  /** As text; undefined where the server sent something else than text. */
  readonly arguments: string | undefined;
}

/** The first choice of a chat completion; undefined when the body is not one. Takes anything, throws nothing. */
export function readReply(body: unknown): Reply | undefined {
  const choice = at(body, 'choices', 0);
  const message = at(choice, 'message');
  if (!isRecord(message)) return undefined;
  const calls = at(message, 'tool_calls');
  return {
    content: textAt(message, 'content'),
    reasoning: reasoningOf(message),
    calls: Array.isArray(calls) ? calls.map(readCall) : [],
    finish: textAt(choice, 'finish_reason'),
    completionTokens: number(at(body, 'usage', 'completion_tokens')),
  };
}

function readCall(call: unknown): ReplyCall {
  const words = at(call, 'function', 'arguments');
  return {
    id: textAt(call, 'id'),
    name: textAt(call, 'function', 'name'),
    arguments: typeof words === 'string' ? words : undefined,
  };
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
