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
  const choice = at(at(body, 'choices'), 0);
  const message = at(choice, 'message');
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return undefined;
  const calls = at(message, 'tool_calls');
  return {
    content: text(at(message, 'content')),
    reasoning: text(at(message, 'reasoning')) || text(at(message, 'reasoning_content')),
    calls: Array.isArray(calls) ? calls.map(readCall) : [],
    finish: text(at(choice, 'finish_reason')),
    completionTokens: number(at(at(body, 'usage'), 'completion_tokens')),
  };
}

function readCall(call: unknown): ReplyCall {
  const words = at(at(call, 'function'), 'arguments');
  return {
    id: text(at(call, 'id')),
    name: text(at(at(call, 'function'), 'name')),
    arguments: typeof words === 'string' ? words : undefined,
  };
}

/** A member of whatever came in. */
export function at(value: unknown, key: string | number): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string | number, unknown>)[key]
    : undefined;
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
