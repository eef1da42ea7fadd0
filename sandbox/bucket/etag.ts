import { createHash, randomBytes } from 'node:crypto';
import type { Dialect } from './dialects.ts';

/** What one body is called: its MD5, or a name without meaning. */
export function etagOf(md5: string | undefined, dialect: Dialect): string {
  return dialect.etag === 'md5' && md5 !== undefined ? md5 : opaque();
}

/** What S3 calls the sum of parts: the MD5 of their MD5s, and how many. */
export function etagOfParts(etags: readonly string[], dialect: Dialect): string {
  if (dialect.etag === 'opaque') return opaque();
  const digests = Buffer.concat(etags.map((etag) => Buffer.from(etag, 'hex')));
  return `${createHash('md5').update(digests).digest('hex')}-${etags.length}`;
}

/** `"abc"` in headers and XML; clients may leave the quotes out. */
export function quoted(etag: string): string {
  return `"${etag}"`;
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, '$1');
}

function opaque(): string {
  return `mtime-${randomBytes(6).toString('hex')}-ino-${randomBytes(3).toString('hex')}`;
}
