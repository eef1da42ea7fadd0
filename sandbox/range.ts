export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/**
 * What `Range: bytes=…` asks for of a file (RFC 9110 §14.1.2): undefined means the whole file, which is also the answer
 * to what is no range of bytes, to one that ends before it begins, and to several at once.
 */
export function rangeOf(header: string | undefined, size: number): Stretch | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  const stretch = first === '' ? suffix(Number(last), size) : between(Number(first), last, size);
  return stretch.start < stretch.end ? stretch : 'unsatisfiable';
}

function suffix(length: number, size: number): Stretch {
  return { start: Math.max(0, size - length), end: size };
}

function between(start: number, last: string, size: number): Stretch {
  return { start, end: last === '' ? size : Math.min(size, Number(last) + 1) };
}
