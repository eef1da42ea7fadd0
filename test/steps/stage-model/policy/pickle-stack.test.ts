import { expect, test } from 'vitest';
import { createStack, isPlain } from '../../../../steps/stage-model/policy/pickle-stack.ts';

const takesAll = (codes: string) => {
  const stack = createStack();
  return codes.split('').every((code) => stack.take(code));
};

test.each([
  'N.',
  '(t.',
  '(Nt.',
  '(0N.',
  'N2\x86.',
  ']Na',
  '](NNe',
  '(Ni',
  'NqNh',
  'N\x94h',
  'NN\x93)R.',
  '\x80N.',
])('%j finds on the stack what it takes', (codes) => expect(takesAll(codes)).toBe(true));

test.each(['.', '0', 'a', 'Nb', 't', 'i', 'Ne', 'd', 'h', 'q', 'NR', 'N\x93', '\x94'])(
  '%j takes what is not there',
  (codes) => expect(takesAll(codes)).toBe(false),
);

test('an opcode with an argument is not plain', () => {
  expect('NR(\x93\x94'.split('').map(isPlain)).toEqual(Array(5).fill(true));
  expect('ciSVX\x80\x8c '.split('').map(isPlain)).toEqual(Array(8).fill(false));
});
