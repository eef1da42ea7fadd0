import { foldCrc32 } from './fold-crc32.ts';

/** CRC-32 as S3 writes it: four bytes, big-endian, in base64. */
export function crc32Base64(body: Buffer): string {
  return toBase64(foldCrc32(body));
}

/** The same of bytes that come one after the other. */
export function createCrc32(): { update(bytes: Buffer): void; base64(): string } {
  let running = 0;
  return { update: (bytes) => void (running = foldCrc32(bytes, running)), base64: () => toBase64(running) };
}

interface CheckedPart {
  readonly checksum?: string | undefined;
  readonly size: number;
}

/** The CRC-32 of all parts in a row, from those of the parts alone; undefined where one has none. */
export function combineCrc32(parts: readonly CheckedPart[]): string | undefined {
  let whole = 0;
  for (const { checksum, size } of parts) {
    const own = Buffer.from(checksum ?? '', 'base64');
    if (own.length !== 4) return undefined;
    whole = (multiply(powerOfX(8 * size), whole) ^ own.readUInt32BE()) >>> 0;
  }
  return toBase64(whole);
}

/*
 * A CRC is a remainder of polynomials over two elements: to append n bytes is to multiply by x^8n and to add. The
 * coefficient of x^0 is the highest bit (RFC 1952 §8, as in zlib's crc32_combine).
 */
const polynomial = 0xedb88320;
const one = 0x80000000;
const x = 0x40000000;

function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = one; bit !== 0; bit >>>= 1) {
    if (a & bit) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return product >>> 0;
}

/** x^n, by squaring; n goes past 32 bits. */
function powerOfX(n: number): number {
  let power = one;
  let square = x;
  for (let left = n; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return power;
}

function toBase64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}
