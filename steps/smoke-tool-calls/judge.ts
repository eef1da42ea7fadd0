import { isDeepStrictEqual } from 'node:util';
import { parseJson } from '../lib/json.ts';
import type { Reply, ReplyCall } from './reply.ts';
import { violations } from './schema.ts';
import type { Call, Check, Tool } from './suite.ts';

/** Why an answer is not the right one; the README explains each. */
export type Code =
  | 'IN_CONTENT'
  | 'EMPTY'
  | 'NONE'
  | 'BAD_JSON'
  | 'BAD_ARGUMENTS'
  | 'WRONG_NAME'
  | 'UNASKED'
  | 'LENGTH'
  | 'LEAK'
  | 'FINISH'
  | 'WRONG_ANSWER'
  | 'STREAM_ENDED'
  | 'STREAM_PROTOCOL'
  | 'NOT_OPENAI'
  | 'REJECTED'
  | 'SERVER_ERROR';

export interface Finding {
  readonly code: Code;
  /** Quoted from the answer. */
  readonly seen: string;
}

interface Asked {
  /** The budget that was given. */
  readonly maxTokens: number;
  readonly choice: NonNullable<Check['choice']>;
  readonly tools: readonly Tool[];
}

/** What is wrong with an answer that should be this call; undefined when nothing is. */
export function judgeCall(reply: Reply, call: Call, asked: Asked): Finding | undefined {
  return (
    findCut(reply, asked) ??
    findCallInContent(reply, asked.tools, keysOf) ??
    findLeak(reply) ??
    findNoCall(reply) ??
    findOtherCall(reply, call) ??
    findOtherArguments(reply, call, asked) ??
    findWrongFinish(reply, asked.choice === 'named' ? ['tool_calls', 'stop'] : ['tool_calls'])
  );
}

/** What is wrong with an answer that should be text, with this word in it; undefined when nothing is. */
export function judgeText(reply: Reply, word: string | undefined, asked: Asked): Finding | undefined {
  const [called] = reply.calls;
  if (called !== undefined) {
    return finding('UNASKED', show(called));
  }
  return (
    findCut(reply, asked) ??
    findCallInContent(reply, asked.tools) ??
    findLeak(reply) ??
    findEmpty(reply) ??
    findOtherAnswer(reply, word) ??
    findWrongFinish(reply, ['stop'])
  );
}

/** Reasoning can eat the budget; what is left is a call cut in its arguments, or framing cut in two. */
function findCut({ finish, completionTokens = 0, content, calls }: Reply, { maxTokens }: Asked) {
  if (finish !== 'length' && completionTokens < maxTokens) return undefined;
  const rest = calls[0]?.arguments ?? content;
  return finding(
    'LENGTH',
    `finish_reason ${finish}, ${completionTokens} of ${maxTokens} tokens: ${quote(rest)}`,
  );
}

/** The model did call, and nobody took the call out of its text. An answer may quote arguments; where a call had to come, they are one. */
function findCallInContent(
  { content, calls }: Reply,
  tools: readonly Tool[],
  words: (tool: Tool) => readonly string[] = () => [],
) {
  if (calls.length > 0) return undefined;
  const inText = tools.some(
    (tool) =>
      content.includes(`functions.${tool.name}`) ||
      (content.includes('{') && [tool.name, ...words(tool)].some((word) => content.includes(`"${word}"`))),
  );
  return inText ? finding('IN_CONTENT', `content: ${quote(content)}`) : undefined;
}

function keysOf({ parameters }: Tool): string[] {
  return Object.keys(parameters['properties'] ?? {});
}

/** Harmony's framing in what a person or a program reads. */
const framing = /<\|[a-z_]+\|>|\bto=functions\./;

function findLeak({ content, reasoning, calls }: Reply) {
  const places = {
    content,
    reasoning,
    ...Object.fromEntries(
      calls.flatMap((call, i) => [
        [`tool_calls[${i}].name`, call.name],
        [`tool_calls[${i}].arguments`, call.arguments ?? ''],
      ]),
    ),
  };
  const leak = Object.entries(places).find(([, words]) => framing.test(words));
  return leak && finding('LEAK', `${leak[0]}: ${quote(leak[1])}`);
}

function findNoCall({ content, calls, finish }: Reply) {
  if (calls.length > 0) return undefined;
  return content.trim() === ''
    ? finding('EMPTY', `neither content nor tool_calls, finish_reason ${finish || 'missing'}`)
    : finding('NONE', `content: ${quote(content)}`);
}

function findOtherCall({ calls }: Reply, { name }: Call) {
  const [call] = calls;
  if (calls.length > 1)
    return finding('UNASKED', `${calls.length} tool_calls: ${calls.map((each) => each.name).join(', ')}`);
  if (call?.name !== name) return finding('WRONG_NAME', `${show(call)} instead of ${name}`);
  return call.id === '' ? finding('BAD_JSON', `${show(call)}, without id`) : undefined;
}

function findOtherArguments({ calls: [call] }: Reply, expected: Call, { tools }: Asked) {
  const given = parseJson(call?.arguments ?? '');
  if (given === undefined) return finding('BAD_JSON', show(call));
  const schema = tools.find(({ name }) => name === expected.name)?.parameters ?? {};
  const [broken] = violations(given, schema);
  if (broken !== undefined) return finding('BAD_ARGUMENTS', `${show(call)}: ${broken}`);
  return isDeepStrictEqual(given, expected.arguments)
    ? undefined
    : finding('BAD_ARGUMENTS', `${show(call)} instead of ${JSON.stringify(expected.arguments)}`);
}

function show(call: ReplyCall | undefined): string {
  return `tool_calls[0]: ${call?.name} ${quote(call?.arguments ?? '(not text)')}`;
}

function findEmpty({ content, finish }: Reply) {
  return content.trim() === ''
    ? finding('EMPTY', `no content, finish_reason ${finish || 'missing'}`)
    : undefined;
}

function findOtherAnswer({ content }: Reply, word: string | undefined) {
  const said = word === undefined || content.toLowerCase().includes(word.toLowerCase());
  return said ? undefined : finding('WRONG_ANSWER', `content: ${quote(content)}, without ${word}`);
}

function findWrongFinish({ finish }: Reply, right: readonly string[]) {
  return right.includes(finish)
    ? undefined
    : finding('FINISH', `finish_reason ${quote(finish)} instead of ${right[0]}`);
}

function finding(code: Code, seen: string): Finding {
  return { code, seen };
}

function quote(words: string): string {
  return JSON.stringify(words.length > 160 ? `${words.slice(0, 160)}…` : words);
}
