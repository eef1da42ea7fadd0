import { createCipheriv, createHash } from 'node:crypto';
import { pointedAt, type RepoFile } from '../hub/repo.ts';

const blockBytes = 1024 * 1024;
const stampEvery = 4096;

/** Bytes at any offset, always the same ones for the same seed. */
export type Source = (start: number, end: number) => Buffer;

/**
 * Noise that costs a copy to make: one block of random bytes, repeated, with the offset stamped into it every 4 KiB,
 * so that no two pages are alike and two exchanged ranges are never the same.
 */
function noise(seed: string): Source {
  const block = randomBlock(seed);
  return (start, end) => {
    const bytes = Buffer.allocUnsafe(end - start);
    for (let at = start; at < end;) {
      const from = at % blockBytes;
      at += block.copy(bytes, at - start, from, Math.min(blockBytes, from + end - at));
    }
    for (let page = Math.floor(start / stampEvery); page * stampEvery < end; page += 1)
      stamp(bytes, page * stampEvery - start, page);
    return bytes;
  };
}

/** Four bytes of the page's number at its beginning; of a page that is cut, the part that is inside. */
function stamp(bytes: Buffer, at: number, page: number): void {
  if (at >= 0 && at + 4 <= bytes.length) bytes.writeUInt32LE(page >>> 0, at);
  else
    for (let i = 0; i < 4; i += 1)
      if (at + i >= 0 && at + i < bytes.length) bytes[at + i] = (page >>> (8 * i)) & 0xff;
}

/** A file in LFS: a head kept in memory, then noise up to its size. Hashed here, at about 1.4 GB/s. */
export function largeFile(seed: string, size: number, head: Buffer = Buffer.alloc(0)): RepoFile {
  const body = noise(seed);
  const read: Source = (start, end) => {
    const fromHead = head.subarray(start, Math.min(end, head.length));
    if (fromHead.length === end - start) return fromHead;
    const rest = body(Math.max(0, start - head.length), end - head.length);
    return fromHead.length > 0 ? Buffer.concat([fromHead, rest]) : rest;
  };
  return { ...pointedAt(hash(read, size), size), read };
}

function hash(read: Source, size: number): string {
  const sha256 = createHash('sha256');
  for (let at = 0; at < size; at += blockBytes) sha256.update(read(at, Math.min(size, at + blockBytes)));
  return sha256.digest('hex');
}

function randomBlock(seed: string): Buffer {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return cipher.update(Buffer.alloc(blockBytes));
}
