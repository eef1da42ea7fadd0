import { createHash, hash } from 'node:crypto';

/** What proves the bytes of a file: SHA-256 of the bytes, or git's blob SHA-1 over `blob <size>\0` and the bytes. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git-sha1';
  readonly hex: string;
}

/** As the Hub names blobs: a file in LFS by its SHA-256, any other by git's hash. */
export function digestNamed(hash: string): Digest | undefined {
  if (/^[0-9a-f]{64}$/.test(hash)) return { algorithm: 'sha256', hex: hash };
  return /^[0-9a-f]{40}$/.test(hash) ? { algorithm: 'git-sha1', hex: hash } : undefined;
}

/** As git names commits. */
export function isCommit(text: string): boolean {
  return digestNamed(text)?.algorithm === 'git-sha1';
}

/** Takes the bytes of one file in order and gives the digest's hex digits. */
export interface Hasher {
  update(bytes: Buffer): void;
  hex(): string;
}

export function createHasher(algorithm: Digest['algorithm'], size: number): Hasher {
  const running = createHash(algorithm === 'sha256' ? 'sha256' : 'sha1');
  if (algorithm === 'git-sha1') running.update(`blob ${size}\0`);
  return { update: (bytes) => void running.update(bytes), hex: () => running.digest('hex') };
}

/** The hex digits for bytes that are all there. */
export function digestOf(algorithm: Digest['algorithm'], bytes: Buffer): string {
  const hasher = createHasher(algorithm, bytes.length);
  hasher.update(bytes);
  return hasher.hex();
}

export function sha256(bytes: Buffer): string {
  return hash('sha256', bytes);
}
