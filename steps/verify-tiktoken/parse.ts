/** Ranks by token: the token's bytes as a latin1 string, so that a Map can hold them. */
export type Ranks = ReadonlyMap<string, number>;

/** Where in the file it stops being a vocabulary, and why. */
export interface ParseProblem {
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

/**
 * Reads a tiktoken file as harmony does, a line `<base64> <rank>` per token, but says more: ranks must start at 0 and
 * have no gap, no token comes twice, and every line ends with one line feed.
 */
export function parseRanks(bytes: Buffer): Ranks | ParseProblem {
  const foreign = foreignStart(bytes);
  if (foreign) return { line: 1, problem: foreign };
  const ranks = new Map<string, number>();
  const lines = bytes.toString('latin1').split('\n');
  const last = lines.pop();
  for (const [i, text] of lines.entries()) {
    const problem = addLine(text, ranks);
    if (problem !== undefined) return { line: i + 1, problem };
  }
  if (last !== '') return { line: lines.length + 1, problem: 'is cut off: no line feed at its end' };
  return ranks.size === 0 ? { line: 1, problem: 'is empty' } : ranks;
}

function addLine(text: string, ranks: Map<string, number>): string | undefined {
  if (text.endsWith('\r')) return 'ends with CR LF: somebody converted the line ends';
  const space = text.indexOf(' ');
  if (space < 0) return `has no space between token and rank: ${quote(text)}`;
  const [token, rank] = [text.slice(0, space), text.slice(space + 1)];
  const bytes = decode(token);
  if (bytes === undefined) return `has a token that is not base64: ${quote(token)}`;
  if (!/^\d{1,9}$/.test(rank)) return `has a rank that is no number: ${quote(rank)}`;
  return add(bytes, Number(rank), ranks);
}

function add(token: string, rank: number, ranks: Map<string, number>): string | undefined {
  const twin = ranks.get(token);
  if (twin !== undefined) return `has the token of rank ${twin} again`;
  if (rank < ranks.size) return `has rank ${rank}, which is taken`;
  if (rank > ranks.size) return `has rank ${rank} where ${ranks.size} is next`;
  ranks.set(token, rank);
  return undefined;
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes as a latin1 string; atob alone would also take spaces and a missing end. */
function decode(token: string): string | undefined {
  return token !== '' && base64.test(token) ? atob(token) : undefined;
}

function foreignStart(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return 'is empty';
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'starts with a byte order mark';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'is gzip: somebody stored the compressed body';
  const start = bytes.subarray(0, 200).toString('latin1');
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(start))
    return `is a web page or an error document: ${quote(start.trim())}`;
  if (start.startsWith('version https://git-lfs')) return 'is a git LFS pointer, not the file';
  return undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
