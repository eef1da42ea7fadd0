import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { isPickle } from '../../../../steps/stage-model/policy/pickle.ts';

const call = "cbuiltins\nprint\n(S'PWNED'\ntR.";
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))),
  );
const short = (text: string) => bytes([0x8c, text.length], text);
const long = 'a'.repeat(5000);

const running: [string, Buffer][] = [
  ['a global at once', bytes(call)],
  ['after a string', bytes("(S'PWNED'\nibuiltins\nprint\n.")],
  ['after None, dropped', bytes('N0', call)],
  ['after a number, dropped', bytes('I1\n0', call)],
  ['after a number in hex, with a space', bytes('I 0x1\n0', call)],
  ['after a number with a sign', bytes('F+.5\n0', call)],
  ['after a string with a return in it', bytes("S'a\rb'\n0", call)],
  ['after a mark, dropped', bytes('(0', call)],
  ['kept at an index with a sign', bytes('Np+1\n0', call)],
  ['kept at an index of minus nothing', bytes('Np-0\n0', call)],
  ['taken from one', bytes('Np0\n0g-00\n0', call)],
  ['after a number that is a NUL', bytes('I\0 words\n0', call)],
  ['after a number with a NUL and words behind it', bytes('I1\0 words\n0', call)],
  ['after a number with a space and a NUL', bytes('I 7 \0\0\n0', call)],
  ['after a float with a NUL', bytes('F1.5\0 words\n0', call)],
  ['after a long with a NUL', bytes('L1\0 words\n0', call)],
  ['kept at an index with a NUL', bytes('Np0\0 words\n0', call)],
  ['taken from an index with a NUL', bytes('Np0\n0g0\0 words\n0', call)],
  ['after a NUL and a long line', bytes(`I\0${long}\n0`, call)],
  ['PROTO 0 in front', bytes([0x80, 0], call)],
  ['PROTO 1 in front', bytes([0x80, 1], call)],
  ['PROTO second', bytes('N0', [0x80, 2], call)],
  [
    'STACK_GLOBAL without a PROTO',
    Buffer.concat([short('builtins'), short('print'), bytes([0x93]), short('PWNED'), bytes([0x85], 'R.')]),
  ],
  ['after NEWTRUE, dropped', bytes([0x88], '0', call)],
  ['after a MEMOIZE', bytes('N', [0x94], '0', call)],
  ['after short bytes, dropped', bytes('C', [1], 'x0', call)],
  ['after EMPTY_SET, dropped', bytes([0x8f], '0', call)],
  ['after a long BINUNICODE', bytes('X', [0x88, 0x13, 0, 0], long, '0', call)],
  ['after a long S', bytes(`S'${long}'\n0`, call)],
  ['with something behind it', bytes(call, 'more\n')],
];

describe.each(running)('%s', (_title, body) => {
  test('is seen, from its beginning alone too', () => {
    expect(isPickle(body, body.length)).toBe(true);
    expect(isPickle(body.subarray(0, 4096), body.length)).toBe(true);
  });
  test.skipIf(!hasPython())('and Python runs it', () => {
    const load = 'import pickle, sys; pickle.loads(bytes.fromhex(sys.argv[1]))';
    const seen = execFileSync('python3', ['-c', load, body.toString('hex')], { encoding: 'utf8' });
    expect(seen).toContain('PWNED');
  });
});

test('a long V line is read to its end, and held for a pickle where our look ends in it', () => {
  const body = bytes(`V${long}\n0`, call);
  const text = bytes(`V${long}\nand more`);
  expect(isPickle(body, body.length)).toBe(true);
  expect(isPickle(text, text.length)).toBe(false);
  expect(isPickle(body.subarray(0, 4096), body.length)).toBe(true);
});

test.each([
  ['a dict of protocol 0', '(dp0\nVa\np1\nI1\ns.'],
  ['an empty tuple', ').'],
  ['a name alone', 'cos\nsystem\n.'],
  ['more marks than any text has', '('.repeat(2 ** 20)],
])('%s is seen', (_, text) => {
  expect(isPickle(Buffer.from(text, 'latin1'), text.length)).toBe(true);
});

test.each([
  '',
  'N',
  'a text',
  '# a heading',
  '{"a":1}',
  '(a). As in a list',
  'I am a card\n',
  'I\n\nThe beginning\n',
  'I\0n\0 \0a\0\n\0text\0',
  'F\0\0\0',
  'Note\0p-1\n',
  '1 -0\n',
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
  'cat\ndog\n',
  'cat\ndog\nbird\n',
  'certifi\nnumpy\ntorch\n',
  'czech\ndanish\ndutch\n',
  'image\nvideo\ntext\n',
  'Copyright (c) Acme\n',
  'BERT\nC\nUse it\n',
  '()\n',
])('%j is none', (text) => {
  expect(isPickle(Buffer.from(text), Buffer.byteLength(text))).toBe(false);
});

test.each([
  ['print' + 'x'.repeat(600), false],
  ['Copyright ' + 'x'.repeat(600), false],
  ['Text ' + 'x'.repeat(600), false],
  ['In ' + 'x'.repeat(600), false],
  ['Persistent ' + 'x'.repeat(600), false],
  [`N0S'${'x'.repeat(600)}`, true],
  [`(lp0\nV${'x'.repeat(600)}`, true],
])('of what goes on behind %j it is %s', (text, expected) => {
  expect(isPickle(Buffer.from(text), 1000)).toBe(expected);
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
    (_value, protocol, hex) => {
      const bytes = Buffer.from(hex, 'hex');
      expect(isPickle(bytes.subarray(0, 512), bytes.length)).toBe(true);
      // Python writes PROTO first, and nothing that reads it needs that.
      if (protocol >= 4) expect(isPickle(bytes.subarray(2), bytes.length - 2)).toBe(true);
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
