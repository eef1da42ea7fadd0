import type { ChatMessage, ChatRequest, Tool } from './chat-request.ts';
import { fillArguments } from './arguments.ts';
import { pickTool } from './pick-tool.ts';

/** What the model wants to say, before the server turns it into a response. */
export interface Thought {
  readonly reasoning: string;
  readonly content: string | undefined;
  readonly call: { readonly name: string; readonly arguments: Record<string, unknown> } | undefined;
}

/**
 * The scripted model: the same prompt always gives the same thought. It calls the tool that the prompt asks for, fills the arguments
 * from the prompt, and answers with what the tool returned. One call per turn, as harmony has it.
 */
export function think(request: ChatRequest, forced: 'no' | 'any' | { name: string }): Thought {
  const { messages, tools } = request;
  const prompt = messages.findLast(({ role }) => role === 'user')?.text ?? '';
  const results = resultsSinceUser(messages);
  if (forced !== 'no') return call(forcedTool(tools, prompt, forced), prompt);
  const wanted =
    request.toolChoice === 'none' ? undefined : pickTool(tools, prompt, calledSinceUser(messages));
  if (wanted !== undefined) return call(wanted, [prompt, ...results].join('\n'));
  return {
    reasoning:
      results.length > 0
        ? 'The tool has answered; I pass its result on.'
        : 'User asks something I can answer directly.',
    content: results.length > 0 ? `The tool returned: ${results.join(' ')}` : chat(prompt),
    call: undefined,
  };
}

function call(tool: Tool, prompt: string): Thought {
  return {
    reasoning: `User wants what ${tool.name} does. We need to call it.`,
    content: undefined,
    call: { name: tool.name, arguments: fillArguments(tool.parameters, prompt) },
  };
}

function forcedTool(tools: readonly Tool[], prompt: string, forced: 'any' | { name: string }): Tool {
  const tool =
    forced === 'any'
      ? (pickTool(tools, prompt, []) ?? tools[0])
      : tools.find(({ name }) => name === forced.name);
  if (tool === undefined) throw new Error('a forced call needs a tool: the request should have been refused');
  return tool;
}

function sinceUser(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  return messages.slice(messages.findLastIndex(({ role }) => role === 'user') + 1);
}

function resultsSinceUser(messages: readonly ChatMessage[]): string[] {
  return sinceUser(messages).flatMap(({ role, text }) => (role === 'tool' ? [text] : []));
}

function calledSinceUser(messages: readonly ChatMessage[]): string[] {
  return sinceUser(messages).flatMap(({ calls }) => calls.map((made) => made.function.name));
}

/** Repeats what it is told to say, and otherwise says what it is. */
function chat(prompt: string): string {
  const told =
    /\b(?:say|reply|answer|respond|repeat)\b(?:\s+(?:with|exactly|only|just|the|one|single|words?|back|to me))*\s*:?\s*["'“`]?(.+?)["'”`]?[.!]?\s*$/is.exec(
      prompt,
    );
  const words = told?.[1];
  return words !== undefined && words.length <= 200
    ? words
    : 'I am a scripted model: small, quick, and always of the same opinion.';
}
