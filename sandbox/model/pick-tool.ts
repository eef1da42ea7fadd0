import type { Tool } from './chat-request.ts';

/**
 * The tool that the prompt asks for: the one that shares the most words with it, its name counting most. After a first call only a tool
 * that the prompt names outright is called as well («… then call get_time»).
 */
export function pickTool(
  tools: readonly Tool[],
  prompt: string,
  called: readonly string[],
): Tool | undefined {
  if (forbidsTools.test(prompt)) return undefined;
  const scored = tools
    .filter(({ name }) => !called.includes(name))
    .map((tool) => ({ tool, score: score(tool, prompt) }))
    .sort((a, b) => b.score - a.score);
  const [best] = scored;
  return best !== undefined && best.score >= (called.length > 0 ? named : 2) ? best.tool : undefined;
}

const named = 100;
const forbidsTools = /\b(?:do not|don't|without|never)\s+(?:\w+\s+){0,2}(?:tools?|functions?)\b/i;

function score({ name, description }: Tool, prompt: string): number {
  const asked = words(prompt);
  const own = words(name);
  const inName = [...own].filter((word) => asked.has(word)).length;
  const inText = [...words(description)].filter((word) => asked.has(word) && !own.has(word)).length;
  return (prompt.includes(name) ? named : 0) + 2 * inName + inText;
}

function words(text: string): Set<string> {
  const parts = text
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  return new Set((parts ?? []).filter((word) => !stopWords.has(word)).map(stem));
}

function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ing|ed|es|s)$/, '') : word;
}

const stopWords = new Set(
  `a an the of for to in on at and or is are was be what which who how when where get gets give gives given current currently please tell me my
  you your i it its this that with from by as do does did use using call tool function return returns one two now any all can could should
  will would has have not no say reply answer name value text word words user number string`.split(/\s+/),
);
