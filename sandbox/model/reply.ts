import { randomUUID } from 'node:crypto';
import { think } from './brain.ts';
import type { Thought } from './brain.ts';
import type { ChatRequest } from './chat-request.ts';
import type { Engine } from './engine.ts';
import { tokenize } from './tokens.ts';

/** One finished turn, before it is written as JSON or as a stream. */
export interface Reply {
  readonly reasoning: string | null;
  readonly content: string | null;
  readonly call: { readonly id: string; readonly name: string; readonly arguments: string } | undefined;
  readonly finish: 'stop' | 'tool_calls' | 'length';
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

/** Answers a chat as the engine's version does: which tool choices it forces, how it ends, what a budget of tokens cuts off. */
export function reply(request: ChatRequest, engine: Engine): Reply {
  const thought = think(request, forcing(request, engine));
  const cut = cutOff(
    thought,
    Math.min(request.maxTokens ?? Infinity, engine.maxModelLen - request.promptTokens),
  );
  const base = {
    reasoning: cut.reasoning || null,
    promptTokens: request.promptTokens,
    completionTokens: cut.used,
    reasoningTokens: tokenize(cut.reasoning).length,
  };
  const { call } = thought;
  if (call === undefined || cut.text === undefined)
    return {
      ...base,
      content: cut.text ?? cut.leak,
      call: undefined,
      finish: cut.whole ? plainFinish(request, engine) : 'length',
    };
  if (!cut.whole && engine.version === '0.16')
    return { ...base, content: null, call: undefined, finish: 'length' };
  return {
    ...base,
    content: null,
    call: { id: `chatcmpl-tool-${randomUUID().replaceAll('-', '')}`, name: call.name, arguments: cut.text },
    finish: typeof request.toolChoice === 'object' ? 'stop' : 'tool_calls',
  };
}

/** Only 0.32 with a tool parser forces; the others take `required` and a name as if they were `auto`. */
function forcing(
  { toolChoice }: ChatRequest,
  { version, toolParser }: Engine,
): 'no' | 'any' | { name: string } {
  if (version === '0.16' || toolParser === undefined || toolChoice === 'auto' || toolChoice === 'none')
    return 'no';
  return toolChoice === 'required' ? 'any' : toolChoice;
}

/** 0.32 without a parser says `tool_calls` to `required` although there is none. */
function plainFinish({ toolChoice }: ChatRequest, { version }: Engine): 'stop' | 'tool_calls' {
  return version === '0.32' && toolChoice === 'required' ? 'tool_calls' : 'stop';
}

interface Cut {
  readonly reasoning: string;
  /** The content, or the arguments' JSON; undefined when the budget ended before it. */
  readonly text: string | undefined;
  /** Framing that leaks when the budget ends inside it. */
  readonly leak: string | null;
  readonly whole: boolean;
  readonly used: number;
}

/** Harmony spends three tokens on the frame of each message, and the first message is the reasoning. */
function cutOff({ reasoning, content, call }: Thought, budget: number): Cut {
  const frame = 3;
  if (budget < frame)
    return { reasoning: '', text: undefined, leak: '<|channel|>analys', whole: false, used: budget };
  const thinking = tokenize(reasoning);
  const speaking = tokenize(call === undefined ? (content ?? '') : JSON.stringify(call.arguments));
  const left = budget - 2 * frame - thinking.length;
  if (left <= 0)
    return {
      reasoning: thinking.slice(0, budget - frame).join(''),
      text: undefined,
      leak: null,
      whole: false,
      used: budget,
    };
  const whole = left >= speaking.length;
  return {
    reasoning,
    text: speaking.slice(0, left).join(''),
    leak: null,
    whole,
    used: whole ? 2 * frame + thinking.length + speaking.length : budget,
  };
}
