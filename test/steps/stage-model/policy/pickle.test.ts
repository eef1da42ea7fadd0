import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { isPickle } from '../../../../steps/stage-model/policy/pickle.ts';

test.each([
  ['a global at once', 'cos\nsystem\n(S'],
  ['after a string', "(S'echo'\nios\nsystem\n."],
  ['after None, dropped', "N0cos\nsystem\n(S'id'\ntR."],
  ['after a number, dropped', 'I1\n0cos\nsystem\n.'],
  ['a mark and an instance', '(ios\nsystem\n.'],
  ['a dict of protocol 0', '(dp0\nVa\np1\nI1\ns.'],
  ['an empty tuple', ').'],
])('%s is seen', (_, text) => {
  expect(isPickle(Buffer.from(text, 'latin1'), true)).toBe(true);
});

test.each([
  '',
  'N',
  'a text',
  '# a heading',
  '{"a":1}',
  '(a). As in a list',
  'I am a card\n',
  "S'mores\n",
  'Notes\n',
  'F1 score\n',
  'config: x\ny\n',
  'pages\n',
  'print(1)',
  'print(1)\n',
  'harmless',
  'harmless.',
  '(a).',
  'quads',
])('%j is none', (text) => {
  expect(isPickle(Buffer.from(text), true)).toBe(false);
});

test.each([
  ['print' + 'x'.repeat(600), false],
  ['Very long ' + 'x'.repeat(600), false],
  ['In ' + 'x'.repeat(600), false],
  [`N0S'${'x'.repeat(600)}`, true],
  [`(lp0\nV${'x'.repeat(600)}`, true],
])('of what goes on behind %j it is %s', (text, expected) => {
  expect(isPickle(Buffer.from(text), false)).toBe(expected);
});

const values = [
  'None',
  '{"weights": [1, 2.5, -7, 10**30], "name": "a text", "more": (True, b"bytes")}',
  '[]',
  '("a" * 2000, 1)',
  'list(range(1000))',
  'print',
  '{1: {2: {3: set([4])}}}',
];

describe.skipIf(!hasPython())('what Python writes', () => {
  const cases = values.flatMap((value) => [0, 1, 2, 3, 4, 5].map((protocol) => [value, protocol] as const));
  const dump =
    'import pickle, sys; [sys.stdout.write(pickle.dumps(eval(v), int(p)).hex() + "\\n") for v, p in zip(sys.argv[1::2], sys.argv[2::2])]';
  const pickles = hasPython()
    ? execFileSync('python3', ['-c', dump, ...cases.flat().map(String)], { encoding: 'utf8' })
        .trim()
        .split('\n')
    : [];
  test.each(cases.map(([value, protocol], i) => [value, protocol, pickles[i] ?? '']))(
    '%s by protocol %i',
    (_value, _protocol, hex) => {
      const bytes = Buffer.from(hex, 'hex');
      expect(isPickle(bytes.subarray(0, 512), bytes.length <= 512)).toBe(true);
    },
  );
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
