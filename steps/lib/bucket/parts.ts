export interface PartLimits {
  readonly maxParts: number;
  readonly minPartSize: number;
  readonly maxPartSize: number;
  /** Raised part sizes are multiples of this. */
  readonly alignment: number;
}

/** S3's limits of a multipart upload. */
export const s3Limits: PartLimits = {
  maxParts: 10_000,
  minPartSize: 5 * 2 ** 20,
  maxPartSize: 5 * 2 ** 30,
  alignment: 2 ** 20,
};

/**
 * Bytes of a part for a file of `size` bytes: what was asked for, more when that would take over 10,000 parts, never
 * below 5 MiB but for a file that one request holds (undefined). It depends on nothing else, so that every run cuts alike.
 */
export function partSizeFor(size: number, asked: number, limits: PartLimits = s3Limits): number | undefined {
  const { maxParts, minPartSize, maxPartSize, alignment } = limits;
  const wanted = Math.min(Math.max(asked, minPartSize), maxPartSize);
  if (size <= wanted) return undefined;
  const least = Math.ceil(size / maxParts);
  if (least > maxPartSize) throw new RangeError(`${size} bytes are more than S3 stores in one object`);
  return least <= wanted ? wanted : Math.min(maxPartSize, Math.ceil(least / alignment) * alignment);
}

export interface Range {
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/** [0, size) cut in parts, in order. */
export function splitRanges(size: number, partSize: number): Range[] {
  return Array.from({ length: Math.ceil(size / partSize) }, (_, i) => ({
    start: i * partSize,
    end: Math.min(size, (i + 1) * partSize),
  }));
}
