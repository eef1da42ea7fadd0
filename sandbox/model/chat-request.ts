import { ApiError } from './api-error.ts';
import { asObject, asText, checkMaxTokens, invalid, parseJson, servedModel } from './body.ts';
import type { Engine } from './engine.ts';
import { countTokens } from './tokens.ts';

export interface ToolCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface ChatMessage {
  readonly role: string;
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
}

export type ToolChoice = 'none' | 'auto' | 'required' | { readonly name: string };

export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  /** Undefined = as far as the context allows. */
  readonly maxTokens: number | undefined;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly promptTokens: number;
}

/** Reads a chat request as strictly as vLLM does: unknown fields pass, a missing model passes, what it refuses is an ApiError in its words. */
export function parseChat(body: string, engine: Engine): ChatRequest {
  const raw = parseJson(body);
  const model = servedModel(raw['model'], engine);
  if (!Array.isArray(raw['messages'])) throw invalid('messages');
  const messages = raw['messages'].map(readMessage);
  const tools = readTools(raw['tools']);
  const maxTokens = raw['max_completion_tokens'] ?? raw['max_tokens'] ?? undefined;
  const promptTokens = harmonyPreamble + messages.reduce((sum, { text }) => sum + countTokens(text), 0);
  if (promptTokens > engine.maxModelLen) throw tooLong(promptTokens, engine);
  return {
    model,
    messages,
    tools,
    toolChoice: readToolChoice(raw['tool_choice'], tools, engine),
    maxTokens: checkMaxTokens(maxTokens),
    stream: raw['stream'] === true,
    includeUsage: asObject(raw['stream_options'])['include_usage'] === true,
    promptTokens,
  };
}

/** Tokens that harmony puts around every chat: «Say hi» is 69. */
const harmonyPreamble = 67;

function tooLong(tokens: number, { maxModelLen, version }: Engine): ApiError {
  return version === '0.32'
    ? new ApiError(400, `Input length (${tokens}) exceeds model's maximum context length (${maxModelLen}).`)
    : new ApiError(400, `max_tokens must be at least 1, got ${maxModelLen - tokens}.`);
}

function readMessage(raw: unknown): ChatMessage {
  const message = asObject(raw);
  const role = message['role'];
  if (typeof role !== 'string') throw invalid('role');
  const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'].map(readCall) : [];
  return { role, text: readText(message['content']), calls };
}

function readText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => asText(asObject(part)['text'])).join('\n');
}

/** Arguments in the history are parsed by the server: broken ones fail the whole request. */
function readCall(raw: unknown): ToolCall {
  const call = asObject(raw);
  const { name, arguments: text } = asObject(call['function']);
  if (typeof name !== 'string') throw invalid('tool_calls.function.name');
  const args = typeof text === 'string' ? text : '{}';
  try {
    JSON.parse(args === '' ? '{}' : args);
  } catch (error) {
    throw new ApiError(400, `Invalid JSON in tool call arguments: ${String(error)}`);
  }
  return { id: asText(call['id']), function: { name, arguments: args } };
}

function readTools(raw: unknown): Tool[] {
  if (raw === undefined || raw === null) return [];
  if (!Array.isArray(raw)) throw invalid('tools', 'Input should be a valid list');
  return raw.map((entry) => {
    const { name, description, parameters } = asObject(asObject(entry)['function']);
    if (typeof name !== 'string' || asObject(entry)['type'] !== 'function')
      throw invalid('tools.function.name');
    return { name, description: typeof description === 'string' ? description : '', parameters };
  });
}

function readToolChoice(raw: unknown, tools: readonly Tool[], engine: Engine): ToolChoice {
  if (raw === undefined || raw === null) return tools.length > 0 ? checkParser('auto', engine) : 'none';
  if (raw === 'none') return 'none';
  if (tools.length === 0) throw new ApiError(400, 'When using `tool_choice`, `tools` must be set.');
  if (raw === 'auto' || raw === 'required') return checkParser(raw, engine);
  const { name } = asObject(asObject(raw)['function']);
  if (typeof name !== 'string' || !tools.some((tool) => tool.name === name))
    throw new ApiError(
      400,
      'The tool specified in `tool_choice` does not match any of the specified `tools`',
    );
  return checkParser({ name }, engine);
}

/** Families other than gpt-oss refuse tools when the server was started without the flags. */
function checkParser(choice: ToolChoice, { family, toolParser, autoToolChoice }: Engine): ToolChoice {
  if (family === 'gpt-oss') return choice;
  if (choice === 'auto' && !(autoToolChoice && toolParser !== undefined))
    throw new ApiError(
      400,
      '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    );
  if (choice !== 'auto' && choice !== 'none' && toolParser === undefined)
    throw new ApiError(
      400,
      `tool_choice="${typeof choice === 'string' ? choice : 'named'}" requires --tool-call-parser to be set`,
    );
  return choice;
}
