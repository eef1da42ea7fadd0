import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';

/** A compressed answer that cannot be read; its message says why. */
export class Packed extends Error {}

const unpackers = new Map([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/** The bytes of an answer by its Content-Encoding, at most `most` of them: a few compressed ones can stand for any number. */
export async function unpack(bytes: Buffer, encoding: string | null, most: number): Promise<Buffer> {
  const coding = encoding?.trim().toLowerCase() || 'identity';
  if (coding === 'identity') return bytes;
  const unpacker = unpackers.get(coding);
  if (unpacker === undefined)
    throw new Packed(`is compressed as ${JSON.stringify(coding)}, which was not asked for`);
  try {
    return await unpacker(bytes, { maxOutputLength: most });
  } catch (error) {
    throw new Packed(
      isTooLarge(error) ? `unpacks to more than ${most} bytes` : `is no ${coding} although it says so`,
    );
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
