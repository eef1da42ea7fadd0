import { expect, test } from 'vitest';
import { suite } from '../../../steps/smoke-tool-calls/suite.ts';

test('names every check once', () => {
  const names = suite.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/);
});

test('gates on what every vLLM can do with tool_choice auto', () => {
  const gate = suite.filter((check) => check.gate);
  expect(gate.map(({ name }) => name)).toEqual([
    'chat',
    'tool-call',
    'tool-call-streamed',
    'tool-result',
    'tool-result-streamed',
  ]);
  for (const { choice, strict } of gate) expect([choice, strict]).toEqual([undefined, undefined]);
});

test('asks for calls of tools that it offers, with every argument in the prompt', () => {
  for (const { call, tools, prompt } of suite) {
    const offered = tools.map(({ name }) => name);
    expect(call === undefined || offered.includes(call.name)).toBe(true);
    for (const value of leaves(call?.arguments)) expect(prompt).toContain(value);
  }
});

function leaves(value: unknown): string[] {
  if (value === undefined) return [];
  return typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(leaves)
    : [typeof value === 'string' ? value : JSON.stringify(value)];
}
