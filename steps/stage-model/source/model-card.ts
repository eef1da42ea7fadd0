import type { Range } from '../../lib/bucket/parts.ts';
import type { FoundFile } from './listing.ts';

/** Bytes of the card that are looked at: its front matter stands first. */
const cardLimit = 64 * 1024;

/** The licence that README.md names, for a source that gives the files and nothing about them. */
export async function readLicense<File extends FoundFile>(
  files: readonly File[],
  read: (file: File, range: Range, signal: AbortSignal) => AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const card = files.find(({ path }) => path === 'README.md');
  if (!card) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of read(card, { start: 0, end: Math.min(card.size, cardLimit) }, signal))
    chunks.push(chunk);
  return licenseOf(Buffer.concat(chunks).toString('utf8'));
}

/** `license` of a card's front matter, or `license_name` when that says `other`; of a list every one: `apache-2.0, mit`. */
export function licenseOf(card: string): string | undefined {
  const [, matter = ''] = /^\uFEFF?---\r?\n([^]*?)\r?\n---/.exec(card) ?? [];
  const lines = matter.split(/\r?\n/);
  const license = valueOf('license', lines);
  return license === 'other' ? (valueOf('license_name', lines) ?? license) : license;
}

/** All that YAML takes for the value: what is said further on counts as much as the first word. */
function valueOf(name: string, lines: readonly string[]): string | undefined {
  const key = `${name}:`;
  const [first, ...rest] = lines.slice(lines.findIndex((line) => line.startsWith(key)));
  if (!first?.startsWith(key)) return undefined;
  const end = rest.findIndex((line) => /^[^\s#-]/.test(line));
  const value = [first.slice(key.length), ...(end === -1 ? rest : rest.slice(0, end))]
    .map((line) => line.replace(/(^|\s)#.*/, '').trim())
    .filter((line) => line !== '');
  if (value.length === 0) return undefined;
  return value.every((line) => line.startsWith('- '))
    ? value.map((line) => unquoted(line.slice(2))).join(', ')
    : unquoted(value.join(' '));
}

function unquoted(text: string): string {
  const bare = text.trim();
  return /^(?:"[^"]*"|'[^']*')$/.test(bare) ? bare.slice(1, -1) : bare;
}
