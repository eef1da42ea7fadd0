import { ApiError } from './api-error.ts';
import type { ChatRequest } from './chat-request.ts';
import type { Reply } from './reply.ts';

/** How a model misbehaves in a chat. Each was seen from a real server. */
export interface ModelFault {
  readonly kind:
    | 'call-in-content'
    | 'leak-in-content'
    | 'leak-in-name'
    | 'truncated-arguments'
    | 'arguments-against-schema'
    | 'wrong-tool'
    | 'no-call'
    | 'always-calls'
    | 'wrong-finish'
    | 'empty'
    | 'ignores-result'
    /** 200, and the stream just ends: no finish_reason, no [DONE]. */
    | 'stream-ends'
    /** 500 from harmony's parser. */
    | 'harmony-error'
    /** A page instead of the API: something else answers at this address. */
    | 'html'
    | 'slow'
    | 'status';
  /** Plays on each nth chat only (1 = every one). */
  readonly every?: number;
  /** Only on chats with tools, or only on streams. */
  readonly on?: 'tools' | 'stream';
  /** Milliseconds of `slow`. */
  readonly ms?: number;
  /** HTTP status of `status`, 503 by itself. */
  readonly status?: number;
}

/** The faults that play on the nth chat (counted from 1). */
export function faultsFor(faults: readonly ModelFault[], n: number, request: ChatRequest): ModelFault[] {
  return faults.filter(
    ({ every = 1, on }) =>
      n % every === 0 && (on === undefined || (on === 'stream' ? request.stream : request.tools.length > 0)),
  );
}

/** Spoils a reply. Throws the ApiError where the fault is one. */
export function spoil(reply: Reply, fault: ModelFault, request: ChatRequest): Reply {
  const play = plays[fault.kind];
  return play === undefined ? reply : play(reply, request, fault);
}

type Play = (reply: Reply, request: ChatRequest, fault: ModelFault) => Reply;

const plays: Partial<Record<ModelFault['kind'], Play>> = {
  'call-in-content': (reply) =>
    withCall(reply, ({ name, arguments: text }) => ({
      ...reply,
      call: undefined,
      content: `{"name": "${name}", "arguments": ${text}}`,
      finish: 'stop',
    })),
  'leak-in-content': (reply) => ({
    ...reply,
    content: `<|channel|>analysis<|message|>${reply.content ?? ''}`,
  }),
  'leak-in-name': (reply) =>
    withCall(reply, (call) => ({ ...reply, call: { ...call, name: `${call.name}<|channel|>commentary` } })),
  'truncated-arguments': (reply) =>
    withCall(reply, (call) => ({
      ...reply,
      call: { ...call, arguments: call.arguments.slice(0, Math.max(1, call.arguments.length - 2)) },
    })),
  'arguments-against-schema': (reply) =>
    withCall(reply, (call) => ({ ...reply, call: { ...call, arguments: '{"unasked":null}' } })),
  'wrong-tool': (reply, { tools }) =>
    withCall(reply, (call) => ({
      ...reply,
      call: { ...call, name: tools.find(({ name }) => name !== call.name)?.name ?? `${call.name}_v2` },
    })),
  'no-call': (reply) =>
    withCall(reply, () => ({ ...reply, call: undefined, content: 'I cannot look that up.', finish: 'stop' })),
  'always-calls': (reply, { tools: [tool] }) =>
    tool === undefined || reply.call !== undefined
      ? reply
      : {
          ...reply,
          content: null,
          call: { id: 'chatcmpl-tool-0', name: tool.name, arguments: '{}' },
          finish: 'tool_calls',
        },
  'wrong-finish': (reply) => ({ ...reply, finish: reply.call === undefined ? 'tool_calls' : 'stop' }),
  empty: (reply) => ({ ...reply, call: undefined, content: null, finish: 'stop' }),
  'ignores-result': (reply, { messages }) =>
    messages.at(-1)?.role === 'tool' ? { ...reply, content: 'I do not know.' } : reply,
  'harmony-error': () => {
    throw new ApiError(500, 'Unexpected token 12606 while expecting start token 200006');
  },
  status: (_reply, _request, { status = 503 }) => {
    throw new ApiError(status, 'injected by the sandbox', { type: 'ServiceUnavailableError' });
  },
};

function withCall(reply: Reply, change: (call: NonNullable<Reply['call']>) => Reply): Reply {
  return reply.call === undefined ? reply : change(reply.call);
}
