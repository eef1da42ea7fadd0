import { reasoningOf } from '../lib/endpoint/answers.ts';
import { at, textAt } from '../lib/json.ts';
import { number, type Reply, type ReplyCall } from './reply.ts';

export interface StreamRead {
  /** What the deltas add up to; undefined when nothing of it was a chat completion. */
  readonly reply: Reply | undefined;
  /** Where the deltas break the protocol by which clients put them together. */
  readonly faults: readonly string[];
}

/** Puts the chunks of a stream together as a client would, and says what a stricter client would stumble over. Takes anything, throws nothing. */
export function readStream(chunks: readonly unknown[]): StreamRead {
  const state: State = {
    roles: 0,
    content: '',
    reasoning: '',
    calls: new Map(),
    finishes: [],
    completionTokens: undefined,
    choices: 0,
    faults: [],
  };
  for (const chunk of chunks) takeChunk(state, chunk);
  if (state.choices === 0) return { reply: undefined, faults: state.faults };
  return { reply: sum(state), faults: [...state.faults, ...judgeWhole(state)] };
}

interface State {
  roles: number;
  content: string;
  reasoning: string;
  readonly calls: Map<number, { id: string; name: string; arguments: string; ids: number; names: number }>;
  readonly finishes: string[];
  completionTokens: number | undefined;
  choices: number;
  readonly faults: string[];
}

function takeChunk(state: State, chunk: unknown): void {
  // Servers with continuous usage count up from 0, chunk by chunk.
  state.completionTokens = number(at(chunk, 'usage', 'completion_tokens')) ?? state.completionTokens;
  const choice = at(chunk, 'choices', 0);
  if (choice === undefined) return;
  const delta = at(choice, 'delta');
  state.choices += 1;
  if (state.finishes.length > 0 && holdsSomething(delta))
    state.faults.push('a delta after the finish_reason');
  if (at(delta, 'role') !== undefined && at(delta, 'role') !== null) state.roles += 1;
  state.content += textAt(delta, 'content');
  state.reasoning += reasoningOf(delta);
  const calls = at(delta, 'tool_calls');
  if (Array.isArray(calls)) for (const call of calls) takeCall(state, call);
  const finish = at(choice, 'finish_reason');
  if (typeof finish === 'string') state.finishes.push(finish);
}

function takeCall({ calls, faults }: State, delta: unknown): void {
  const index = number(at(delta, 'index'));
  if (index === undefined) {
    faults.push('a tool call delta without index');
    return;
  }
  const call = calls.get(index) ?? { id: '', name: '', arguments: '', ids: 0, names: 0 };
  const id = textAt(delta, 'id');
  const name = textAt(delta, 'function', 'name');
  if (call.ids === 0 && id === '') faults.push(`call ${index} begins without an id`);
  calls.set(index, {
    id: call.id + id,
    name: call.name + name,
    arguments: call.arguments + textAt(delta, 'function', 'arguments'),
    ids: call.ids + (id === '' ? 0 : 1),
    names: call.names + (name === '' ? 0 : 1),
  });
}

function judgeWhole({ roles, calls, finishes, completionTokens }: State): string[] {
  const faults: string[] = [];
  if (roles !== 1) faults.push(`the role came ${roles} times instead of once`);
  for (const [index, { ids, names }] of calls) {
    if (ids > 1) faults.push(`the id of call ${index} came ${ids} times instead of once`);
    if (names !== 1) faults.push(`the name of call ${index} came in ${names} pieces instead of whole`);
  }
  if (finishes.length > 1) faults.push(`${finishes.length} finish_reasons instead of one`);
  if (finishes.length > 0 && completionTokens === undefined)
    faults.push('no usage at the end, although stream_options asked for it');
  return faults;
}

function sum({ content, reasoning, calls, finishes, completionTokens }: State): Reply {
  const inOrder = [...calls].sort(([a], [b]) => a - b).map(([, call]): ReplyCall => call);
  return { content, reasoning, calls: inOrder, finish: finishes[0] ?? '', completionTokens };
}

function holdsSomething(delta: unknown): boolean {
  const calls = at(delta, 'tool_calls');
  return textAt(delta, 'content') !== '' || (Array.isArray(calls) && calls.length > 0);
}
