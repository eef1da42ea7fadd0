import { createStack, isPlain } from './pickle-stack.ts';

/**
 * Whether these first bytes of a file of `size` bytes are those of a pickle, of any protocol, whatever comes first in it:
 * they are read as the unpickler would read them (Python's pickletools), up to a call of what was imported, or to their
 * end. A list of words may begin with what looks like an import, so an import alone proves nothing.
 */
export function isPickle(start: Buffer, size: number): boolean {
  return hasProtocol(start) || isReadToCall({ start, size });
}

/** What is seen of a file. */
interface Look {
  readonly start: Buffer;
  readonly size: number;
}

/** Most begin with PROTO and their number; the unpickler takes 0 and 1 too, which Python never writes. */
function hasProtocol([first = 0, second = Infinity]: Buffer): boolean {
  return first === 0x80 && second <= 5;
}

/** No text is so many opcodes that fit each other. */
const enough = 4096;

function isReadToCall(look: Look): boolean {
  const stack = createStack();
  let at = 0;
  let imported = false;
  for (let opcodes = 0; opcodes < enough; opcodes += 1) {
    const code = String.fromCharCode(look.start[at] ?? 0);
    const next = afterArgument(code, look, at + 1);
    if (next === undefined || !stack.take(code)) return false;
    imported ||= imports.has(code);
    if (imported && calls.has(code)) return true;
    if (next >= look.start.length) return endsAsPickle(code, at, next, look);
    at = next;
  }
  return true;
}

const imports = new Set(['c', 'i', '\x82', '\x83', '\x84', '\x93']);
const calls = new Set(['i', 'o', 'R', 'b', '\x81', '\x92']);

/** Nothing that we look at follows `code`. */
function endsAsPickle(code: string, at: number, next: number, { start, size }: Look): boolean {
  if (start.length >= size) return code === '.';
  // A long word, or a persistent id that no unpickler has by itself, begins texts only.
  return next < size && (at > 0 || !'ciP'.includes(code));
}

const word = /^[A-Za-z_][\w.]*$/;
// Python's reader in C takes a number to end at a NUL, whatever follows in the line, and an integer of nothing for 0.
const integer = /^(?:\0|\s*[+-]?\d[\da-fox_]*L?\s*(?:\0|$))/i;
const float = /^\s*[+-]?(?:\.?\d|inf|nan)[\w.+-]*\s*(?:\0|$)/i;
const index = /^\s*(?:\+?\d[\d_]*|-0[0_]*)\s*(?:\0|$)/;
const anything = /^/;
const quoted = /^(['"]).*\1$/s;

/** What has its arguments in lines of text, and how these look. */
const lines: Readonly<Record<string, readonly RegExp[]>> = {
  c: [word, word],
  i: [word, word],
  F: [float],
  I: [integer],
  L: [integer],
  P: [anything],
  S: [quoted],
  V: [anything],
  g: [index],
  p: [index],
};

type Sizes = readonly (readonly [codes: string, bytes: number])[];

/** Bytes that follow: so many, or as many as a count says that has so many bytes itself. */
const fixed: Sizes = [
  ['Khq\x80\x82', 1],
  ['M\x83', 2],
  ['Jjr\x84', 4],
  ['G\x95', 8],
];
const counted: Sizes = [
  ['CU\x8a\x8c', 1],
  ['BTX\x8b', 4],
  ['\x8d\x8e\x96', 8],
];

/** Where the next opcode is; undefined when these bytes are no argument of this one, or go on behind the file's end. */
function afterArgument(code: string, look: Look, at: number): number | undefined {
  const next = code in lines ? afterLines(look, at, lines[code] ?? []) : afterBytes(code, look.start, at);
  return next === undefined || next > look.size ? undefined : next;
}

function afterBytes(code: string, start: Buffer, at: number): number | undefined {
  const size = sizeBy(counted, code);
  const width = isPlain(code) ? 0 : sizeBy(fixed, code);
  if (size === undefined) return width === undefined ? undefined : at + width;
  const count = start.subarray(at, at + size).reduceRight((sum, byte) => sum * 256 + byte, 0);
  return at + size + (at + size <= start.length ? count : 0);
}

function sizeBy(sizes: Sizes, code: string): number | undefined {
  return sizes.find(([codes]) => codes.includes(code))?.[1];
}

function afterLines({ start, size }: Look, from: number, wanted: readonly RegExp[]): number | undefined {
  const whole = start.length >= size;
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
