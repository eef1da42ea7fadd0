import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Checksum, crc32Base64 } from './body.ts';
import type { Segment, Upload } from './store.ts';

interface CheckedPart {
  readonly checksum: Checksum | undefined;
  readonly segment: Segment;
}

/** What an upload's parts make of their checksums: one of them all in a row, or one of the checksums with their count. */
export function checksumOf(
  { algorithm, checksumType }: Upload,
  parts: readonly CheckedPart[],
): Checksum | undefined {
  if (algorithm === undefined) return undefined;
  const own = parts.map(({ checksum }) => Buffer.from(checksum?.value ?? '', 'base64'));
  if (checksumType === 'FULL_OBJECT') {
    let whole = 0;
    for (const [i, crc] of own.entries())
      whole = append(whole, crc.readUInt32BE(), parts[i]?.segment.size ?? 0);
    return { algorithm, value: crc32Base64(whole) };
  }
  const values = Buffer.concat(own);
  const digest =
    algorithm === 'crc32'
      ? crc32Base64(crc32(values))
      : createHash(algorithm).update(values).digest('base64');
  return { algorithm, value: `${digest}-${parts.length}` };
}

/** The CRC-32 of A and B in a row: that of A carried through B's length in zero bits, which squares of a matrix do. */
function append(a: number, b: number, length: number): number {
  let matrix = Array.from({ length: 32 }, (_, bit) => (bit === 0 ? 0xedb88320 : 2 ** (bit - 1)));
  let crc = a;
  for (let bits = length * 8; bits > 0; bits = Math.floor(bits / 2)) {
    if (bits % 2 === 1) crc = apply(matrix, crc);
    const square = matrix;
    matrix = square.map((column) => apply(square, column));
  }
  return (crc ^ b) >>> 0;
}

function apply(matrix: readonly number[], vector: number): number {
  return matrix.reduce((sum, column, bit) => ((vector >>> bit) & 1 ? sum ^ column : sum), 0) >>> 0;
}
