/** What the unpickler holds, as deep as its own stack would be; most texts take from it what was never there. */
export function createStack() {
  const marks: number[] = [];
  let depth = 0;
  let kept = 0;
  return {
    /** False when this opcode takes what is not there. */
    take(code: string): boolean {
      if ('ghj'.includes(code)) return (depth += 1) > 0 && kept > 0;
      if ('pqr\x94'.includes(code)) return (kept += 1) > 0 && depth > 0;
      if (code === '(') return marks.push(depth) > 0;
      // Dropped right behind a mark, the mark itself goes.
      const dropsMark = code === '0' && marks.at(-1) === depth;
      const { takes, gives, mark }: Effect = dropsMark ? plain['1'] : (known[code] ?? value);
      const from = mark ? marks.pop() : depth;
      if (from === undefined || from < takes) return false;
      depth = from - takes + gives;
      return true;
    },
  };
}

/** Whether it is an opcode that has no argument. */
export function isPlain(code: string): boolean {
  return code in plain;
}

interface Effect {
  readonly takes: number;
  readonly gives: number;
  /** Down to the mark, and so many more. */
  readonly mark?: true;
}

const nothing: Effect = { takes: 0, gives: 0 };
const value: Effect = { takes: 0, gives: 1 };
const built: Effect = { takes: 0, gives: 1, mark: true };
const filled: Effect = { takes: 1, gives: 1, mark: true };
const ofOne: Effect = { takes: 1, gives: 1 };
const ofTwo: Effect = { takes: 2, gives: 1 };
const ofThree: Effect = { takes: 3, gives: 1 };

/** What has no argument. */
const plain = {
  '(': nothing,
  '.': { takes: 1, gives: 0 },
  '0': { takes: 1, gives: 0 },
  '1': { takes: 0, gives: 0, mark: true },
  '2': { takes: 1, gives: 2 },
  N: value,
  ')': value,
  ']': value,
  '}': value,
  Q: ofOne,
  R: ofTwo,
  a: ofTwo,
  b: ofTwo,
  s: ofThree,
  d: built,
  l: built,
  t: built,
  o: built,
  e: filled,
  u: filled,
  '\x81': ofTwo,
  '\x85': ofOne,
  '\x86': ofTwo,
  '\x87': ofThree,
  '\x88': value,
  '\x89': value,
  '\x8f': value,
  '\x90': filled,
  '\x91': built,
  '\x92': ofThree,
  '\x93': ofTwo,
  '\x94': nothing,
  '\x97': value,
  '\x98': ofOne,
} as const satisfies Readonly<Record<string, Effect>>;

/** What has an argument gives a value, but for these. */
const known: Readonly<Record<string, Effect>> = { ...plain, i: built, '\x80': nothing, '\x95': nothing };
