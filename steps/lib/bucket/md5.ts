import { createHash, type Hash } from 'node:crypto';

/** The MD5 of these bytes; undefined where there is none, for OpenSSL in FIPS mode refuses it. */
export function md5(bytes: Buffer, start: (name: 'md5') => Hash = createHash): Buffer | undefined {
  let hash: Hash;
  try {
    hash = start('md5');
  } catch {
    return undefined;
  }
  return hash.update(bytes).digest();
}
