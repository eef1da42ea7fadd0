const pieceLength = 9;
const shortest = 6;
const mask = '***';

/** Things that look like a credential even when nobody registered them. */
const patterns = [
  /\bhf_[A-Za-z0-9]{8,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*/g,
  /\bBearer\s+[^\s"',]+/gi,
  /\b(X-Amz-(?:Signature|Credential|Security-Token)|Credential|Signature|Key-Pair-Id|Policy)=[^&\s"']+/gi,
];

export interface Redactor {
  /** Registers a secret; texts shorter than 6 characters are refused as too common to mask. */
  add(secret: string, name?: string): void;
  /** Registers what names an account and opens nothing: masked where it stands as a word of its own, never a piece of it, so that a path stays a path. */
  addWord(word: string): void;
  /** The text with every registered secret masked: raw, URL-encoded, base64 and JSON-escaped, whole or any piece of 9 characters. */
  redact(text: string): string;
  /** By what name the secret was added for which `redact` would alter the text; a word is no secret. */
  find(text: string): string | undefined;
}

export function createRedactor(): Redactor {
  const pieces = new Map<string, string>();
  const wholes = new Map<string, string>();
  const words = new Set<string>();
  return {
    add(secret, name = 'a secret') {
      if (secret.length < shortest) return;
      // The name is known where a secret is read; where it is used it is added again, without one.
      const keep = (known: Map<string, string>, part: string) => known.set(part, known.get(part) ?? name);
      for (const form of forms(secret)) {
        // What is left of a short secret in shifted base64 is found by chance in any text.
        if (form.length < shortest) continue;
        if (form.length < pieceLength) keep(wholes, form);
        for (let at = 0; at + pieceLength <= form.length; at += 1)
          keep(pieces, form.slice(at, at + pieceLength));
      }
    },
    addWord(word) {
      const bare = word.trim();
      if (bare.length >= shortest) words.add(bare);
    },
    redact(text) {
      let clean = pieces.size > 0 ? maskPieces(text, pieces) : text;
      for (const whole of wholes.keys()) clean = clean.replaceAll(whole, mask);
      for (const pattern of patterns) clean = clean.replace(pattern, hide);
      for (const word of words) clean = maskWord(clean, word);
      return clean;
    },
    find(text) {
      for (let at = 0; at + pieceLength <= text.length; at += 1) {
        const name = pieces.get(text.slice(at, at + pieceLength));
        if (name !== undefined) return name;
      }
      for (const [whole, name] of wholes) if (text.includes(whole)) return name;
      return patterns.some((pattern) => text.search(pattern) !== -1)
        ? 'what looks like a credential'
        : undefined;
    },
  };
}

function hide(match: string): string {
  const [, keep = ''] = /^(Bearer\s+|[A-Za-z-]+=)/i.exec(match) ?? [];
  return `${keep}${mask}`;
}

function forms(secret: string): Set<string> {
  const bytes = Buffer.from(secret);
  const all = new Set([
    secret,
    encodeURIComponent(secret.toWellFormed()),
    JSON.stringify(secret).slice(1, -1),
  ]);
  for (const encoding of ['base64', 'base64url', 'hex'] as const) all.add(bytes.toString(encoding));
  // Inside a longer base64 text (`user:secret`) the secret starts at any of three alignments.
  for (const shift of [1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    all.add(shifted.toString('base64').slice(4, -4));
    all.add(shifted.toString('base64url').slice(4, -4));
  }
  return all;
}

function maskPieces(text: string, pieces: ReadonlyMap<string, string>): string {
  let out = '';
  let from = 0;
  for (let at = 0; at + pieceLength <= text.length; at += 1) {
    if (!pieces.has(text.slice(at, at + pieceLength))) continue;
    let end = at + pieceLength;
    while (end < text.length && pieces.has(text.slice(end + 1 - pieceLength, end + 1))) end += 1;
    out += text.slice(from, at) + mask;
    from = end;
    at = end - 1;
  }
  return out + text.slice(from);
}

/** A path is one word, and so is `models-2`; the dot behind a sentence is not of the word before it. */
const goesOnBefore = /[\p{L}\p{N}_./+-]$/u;
const goesOnAfter = /^(?:[\p{L}\p{N}_/+-]|\.[\p{L}\p{N}_])/u;

function maskWord(text: string, word: string): string {
  const [first = '', ...rest] = text.split(word);
  let out = first;
  let before = first;
  for (const after of rest) {
    out += (goesOnBefore.test(before) || goesOnAfter.test(after) ? word : mask) + after;
    before = after;
  }
  return out;
}
