import type { Ranks } from './parse.ts';

const suffix = "(?:'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))?";
const upper = '\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}';
const lower = '\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}';

/**
 * How o200k_base cuts text into words before it looks for tokens (tiktoken, `openai_public.py`). JavaScript's `\s` knows
 * U+FEFF and not U+0085, the other way round than Rust's: of no account for the texts that we check.
 */
const word = new RegExp(
  [
    `[^\\r\\n\\p{L}\\p{N}]?[${upper}]*[${lower}]+${suffix}`,
    `[^\\r\\n\\p{L}\\p{N}]?[${upper}]+[${lower}]*${suffix}`,
    '\\p{N}{1,3}',
    ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n\\/]*',
    '\\s*[\\r\\n]+',
    '\\s+(?!\\S)',
    '\\s+',
  ].join('|'),
  'gu',
);

/** The token ids of a text, special tokens not among them. */
export function encode(text: string, ranks: Ranks): number[] {
  return [...text.matchAll(word)].flatMap(([piece]) =>
    encodeWord(Buffer.from(piece).toString('latin1'), ranks),
  );
}

/** Byte pair encoding: joins the neighbours with the lowest rank until none is a token. */
function encodeWord(bytes: string, ranks: Ranks): number[] {
  const whole = ranks.get(bytes);
  if (whole !== undefined) return [whole];
  const pieces = bytes.split('');
  for (;;) {
    const at = lowestPair(pieces, ranks);
    if (at === undefined) break;
    pieces.splice(at, 2, `${pieces[at]}${pieces[at + 1]}`);
  }
  return pieces.map((piece) => ranks.get(piece) ?? -1);
}

function lowestPair(pieces: readonly string[], ranks: Ranks): number | undefined {
  let best: { at: number; rank: number } | undefined;
  for (let at = 0; at + 1 < pieces.length; at += 1) {
    const rank = ranks.get(`${pieces[at]}${pieces[at + 1]}`);
    if (rank !== undefined && (!best || rank < best.rank)) best = { at, rank };
  }
  return best?.at;
}
