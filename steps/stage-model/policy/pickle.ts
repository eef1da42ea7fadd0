/**
 * Whether these first bytes of a file are those of a pickle, of any protocol, whatever comes first in it: they are read
 * as the unpickler would read them (Python's pickletools), up to what imports a name, or to their end. `whole` says that
 * nothing follows them.
 */
export function isPickle(start: Buffer, whole: boolean): boolean {
  return hasProtocol(start) || isOfOldProtocol(start, whole);
}

/** Protocols 2 to 5 begin with PROTO and their number. */
function hasProtocol([first = 0, second = 0]: Buffer): boolean {
  return first === 0x80 && second >= 2 && second <= 5;
}

function isOfOldProtocol(start: Buffer, whole: boolean): boolean {
  const stack = createStack();
  for (let at = 0; at < start.length;) {
    const code = String.fromCharCode(start[at] ?? 0);
    const next = afterArgument(code, start, at + 1, whole);
    if (next === undefined || !stack.take(code)) return false;
    if (imports.has(code)) return true;
    // One letter alone is a text.
    if (next >= start.length) return at > 0 && (!whole || code === '.');
    at = next;
  }
  return false;
}

const imports = new Set(['c', 'i']);
const word = /^[A-Za-z_][\w.]*$/;
const integer = /^-?\d+L?$/;
const anything = /^/;

const quoted = /^(['"]).*\1$/;

/** What has its arguments in lines of text, and how these look. */
const lines: Readonly<Record<string, readonly RegExp[]>> = {
  c: [word, word],
  i: [word, word],
  F: [/^-?(?:\d|inf|nan)[\w.+-]*$/],
  I: [integer],
  L: [integer],
  P: [anything],
  S: [quoted],
  V: [anything],
  g: [/^\d+$/],
  p: [/^\d+$/],
};

/** Bytes that follow: so many, or as many as a count says that has so many bytes itself. */
const fixed: Readonly<Record<string, number>> = { K: 1, h: 1, q: 1, M: 2, J: 4, j: 4, r: 4, G: 8 };
const counted: Readonly<Record<string, number>> = { U: 1, T: 4, X: 4 };

function afterArgument(code: string, start: Buffer, at: number, whole: boolean): number | undefined {
  if (code in lines) return afterLines(start, at, lines[code] ?? [], whole);
  if (code in fixed) return at + (fixed[code] ?? 0);
  const size = counted[code];
  if (size !== undefined) return at + size + (at + size <= start.length ? start.readUIntLE(at, size) : 0);
  return code in plain ? at : undefined;
}

function afterLines(
  start: Buffer,
  from: number,
  wanted: readonly RegExp[],
  whole: boolean,
): number | undefined {
  let at = from;
  for (const shape of wanted) {
    const end = start.indexOf('\n', at);
    const line = start.toString('latin1', at, end < 0 ? start.length : end);
    // The line may go on where our look ends; a string has no second quote then.
    const begun = end < 0 && !whole && shape === quoted ? /^['"]/ : shape;
    if ((end < 0 && whole) || !begun.test(line)) return undefined;
    if (end < 0) return start.length;
    at = end + 1;
  }
  return at;
}

/** What has no argument: how many values it takes, and how many it gives. Down to the mark, and so many more, where `mark` is set. */
const plain: Readonly<Record<string, { takes: number; gives: number; mark?: true }>> = {
  '(': { takes: 0, gives: 0 },
  '.': { takes: 1, gives: 0 },
  '0': { takes: 1, gives: 0 },
  '1': { takes: 0, gives: 0, mark: true },
  '2': { takes: 1, gives: 2 },
  N: { takes: 0, gives: 1 },
  ')': { takes: 0, gives: 1 },
  ']': { takes: 0, gives: 1 },
  '}': { takes: 0, gives: 1 },
  Q: { takes: 1, gives: 1 },
  R: { takes: 2, gives: 1 },
  a: { takes: 2, gives: 1 },
  b: { takes: 2, gives: 1 },
  s: { takes: 3, gives: 1 },
  d: { takes: 0, gives: 1, mark: true },
  l: { takes: 0, gives: 1, mark: true },
  t: { takes: 0, gives: 1, mark: true },
  o: { takes: 0, gives: 1, mark: true },
  e: { takes: 1, gives: 1, mark: true },
  u: { takes: 1, gives: 1, mark: true },
};

/** As deep as the unpickler's own would be; most texts take from it what was never there. */
function createStack() {
  const marks: number[] = [];
  let depth = 0;
  let kept = 0;
  return {
    take(code: string): boolean {
      if ('ghj'.includes(code)) return (depth += 1) > 0 && kept > 0;
      if ('pqr'.includes(code)) return (kept += 1) > 0 && depth > 0;
      if (code === '(') return marks.push(depth) > 0;
      const { takes, gives, mark } = plain[code] ?? { takes: 0, gives: 1 };
      const from = mark ? marks.pop() : depth;
      if (from === undefined || from < takes) return false;
      depth = from - takes + gives;
      return true;
    },
  };
}
