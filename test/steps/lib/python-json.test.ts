import { expect, test } from 'vitest';
import { parsePythonJson } from '../../../steps/lib/python-json.ts';

test.each([
  ['{"time_step_limit": [0.0, Infinity]}', { time_step_limit: [0, null] }],
  ['[NaN, -Infinity, Infinity]', [null, null, null]],
  ['{"NaN": "Infinity", "a\\"": "-Infinity", "b": NaN}', { NaN: 'Infinity', 'a"': '-Infinity', b: null }],
  ['{"auto_map": {"a": NaN}}', { auto_map: { a: null } }],
  ['{"a": 1}', { a: 1 }],
])('%s is read', (text, value) => {
  expect(parsePythonJson(text)).toEqual(value);
});

test.each([
  '',
  '{',
  '"NaN',
  '[1Infinity]',
  '[-NaN]',
  '[+Infinity]',
  '[infinity]',
  '{NaN: 1}',
  "['NaN']",
  '[NaN,]',
])('%j is none', (text) => expect(() => parsePythonJson(text)).toThrow(SyntaxError));

test.each([
  ['a long string', `[NaN,"${'a'.repeat(2 ** 23)}"]`],
  ['a string without an end', `[NaN,"${'\\"'.repeat(2 ** 22)}`],
  ['quotes alone', '"'.repeat(2 ** 22)],
])('%s takes no long time, whatever comes of it', (_title, text) => {
  const before = performance.now();
  try {
    parsePythonJson(text);
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
  }
  expect(performance.now() - before).toBeLessThan(5000);
});
