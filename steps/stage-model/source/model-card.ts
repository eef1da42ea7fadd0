import type { FoundFile } from './listing.ts';
import type { Range } from '../plan.ts';

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

/** `license` of a card's front matter, or `license_name` when that says `other`; the first one of a list. */
export function licenseOf(card: string): string | undefined {
  const [, matter = ''] = /^\uFEFF?---\r?\n([^]*?)\r?\n---/.exec(card) ?? [];
  const field = (name: string) => {
    const [, value] =
      new RegExp(`^${name}:[ \\t]*(?:\\r?\\n[ \\t]*- )?[ \\t]*["']?([\\w.+-]+)`, 'm').exec(matter) ?? [];
    return value;
  };
  const license = field('license');
  return license === 'other' ? (field('license_name') ?? license) : license;
}
