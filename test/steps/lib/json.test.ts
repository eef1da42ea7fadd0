import { expect, test } from 'vitest';
import { at, isRecord, parseJson, textAt } from '../../../steps/lib/json.ts';

test.each([
  ['{"a":1}', { a: 1 }],
  ['null', null],
  ['{"a":', undefined],
  ['', undefined],
])('parseJson %s', (text, wanted) => expect(parseJson(text)).toEqual(wanted));

test.each([
  [{}, true],
  [[], false],
  [null, false],
  ['x', false],
])('isRecord %j: %s', (value, wanted) => expect(isRecord(value)).toBe(wanted));

test('a member is only what the value itself has', () => {
  expect(at({ a: 1 }, 'a')).toBe(1);
  expect(at({ a: 1 }, 'constructor')).toBeUndefined();
  expect(at('text', 'length')).toBeUndefined();
  expect(at(null, 'a')).toBeUndefined();
});

test('a path goes through objects and lists, and ends where they do', () => {
  const body = { choices: [{ finish_reason: 'stop', index: 0 }] };
  expect(at(body, 'choices', 0, 'finish_reason')).toBe('stop');
  expect(at(body, 'choices', 1, 'finish_reason')).toBeUndefined();
  expect(at(body)).toBe(body);
});

test('a text is empty where there is none', () => {
  expect(textAt({ a: { b: 'x' } }, 'a', 'b')).toBe('x');
  expect(textAt({ a: 1 }, 'a')).toBe('');
  expect(textAt(undefined, 'a')).toBe('');
});
