import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { copyLimits, numberRanges } from '../../../../steps/lib/bucket/copy.ts';
import { openBucket } from '../open-bucket.ts';

const mebibyte = 1024 ** 2;

describe('the ranges of a copy', () => {
  test('property: they are contiguous, cover the size, are at most 10,000, and all but the last are 5 MiB or more', () => {
    const size = fc.bigInt({ min: 1n, max: 5n * 1024n ** 4n }).map(Number);
    const part = fc.integer({ min: 5 * mebibyte, max: 5 * 1024 * mebibyte });
    fc.assert(
      fc.property(size, part, (size, part) => {
        const ranges = numberRanges(size, part);
        expect(ranges.length).toBeLessThanOrEqual(10_000);
        expect(ranges[0]?.start).toBe(0);
        expect(ranges.at(-1)?.end).toBe(size);
        const wrong = ranges.filter(({ partNumber, start, end }, i) => {
          const length = end - start;
          const next = ranges[i + 1];
          const fits = length > 0 && length <= 5 * 1024 * mebibyte && partNumber === i + 1;
          return !fits || (next !== undefined && (next.start !== end || length < 5 * mebibyte));
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test('an object of exactly 5 GiB is copied at once, one byte more by parts', () => {
    expect(copyLimits.largest).toBe(5 * 1024 ** 3);
    expect(numberRanges(copyLimits.largest + 1, copyLimits.part)).toHaveLength(11);
  });
});

describe('a copy by parts', () => {
  const body = randomBytes(11 * mebibyte + 5);
  const start = async (faults: Fault[] = []) => {
    const opened = await openBucket({ faults });
    await opened.server.seed('models', 'source with space/ü', body, { sha256: 'a'.repeat(64) });
    const bucket = opened.open({}, {}, { largest: 8 * mebibyte, part: 5 * mebibyte });
    const from = await bucket.head('source with space/ü');
    if (!from) throw new Error('not seeded');
    return { ...opened, bucket, from };
  };

  test('has the bytes and the metadata of its source, and leaves nothing pending', async () => {
    const { bucket, from, seen } = await start();
    await bucket.copy(from, 'copy');
    const copied = await bucket.get('copy');
    expect(
      createHash('sha256')
        .update(copied ?? '')
        .digest('hex'),
    ).toBe(createHash('sha256').update(body).digest('hex'));
    expect((await bucket.head('copy'))?.metadata).toEqual({ sha256: 'a'.repeat(64) });
    expect(await bucket.listUploads('')).toEqual([]);
    expect(seen().filter((operation) => operation === 'UploadPartCopy')).toHaveLength(3);
  });

  test('takes new metadata', async () => {
    const { bucket, from } = await start();
    await bucket.copy(from, 'copy', { metadata: { from: 'elsewhere' } });
    expect((await bucket.head('copy'))?.metadata).toEqual({ from: 'elsewhere' });
  });

  test('F24: survives a busy server', async () => {
    const { bucket, from } = await start([
      { on: 'UploadPartCopy', times: 4, act: { kind: 'answer', status: 503, code: 'SlowDown' } },
    ]);
    await bucket.copy(from, 'copy');
    expect((await bucket.get('copy'))?.equals(body)).toBe(true);
  });

  test('F27: an error hidden in the 200 of a copied part is tried again', async () => {
    const hidden = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>later</Message></Error>';
    const { bucket, from } = await start([
      { on: 'UploadPartCopy', part: 2, act: { kind: 'answer', status: 200, body: hidden } },
    ]);
    await bucket.copy(from, 'copy');
    expect((await bucket.get('copy'))?.equals(body)).toBe(true);
  });

  test('F36: that finds another source than was looked at fails, and is aborted', async () => {
    const { bucket, from, server } = await start();
    await server.seed('models', from.key, randomBytes(body.length));
    await expect(bucket.copy(from, 'copy')).rejects.toMatchObject({ failure: 'check', status: 412 });
    expect(server.uploads('models')).toEqual([]);
    expect(await bucket.head('copy')).toBeUndefined();
  });

  test('ends with the reason of the signal, and is aborted', async () => {
    const { bucket, from, server } = await start([
      { on: 'UploadPartCopy', times: Infinity, act: { kind: 'silence' } },
    ]);
    const stop = new AbortController();
    const reason = new Error('stopped');
    const copying = bucket.copy(from, 'copy', { signal: stop.signal });
    await expect
      .poll(() => server.requests.some(({ operation }) => operation === 'UploadPartCopy'))
      .toBe(true);
    stop.abort(reason);
    await expect(copying).rejects.toBe(reason);
    expect(server.uploads('models')).toEqual([]);
  });
});

test('F27: an error hidden in the 200 of a whole copy is tried again', async () => {
  const hidden = '<?xml version="1.0"?>\n<Error><Code>SlowDown</Code><Message>later</Message></Error>';
  const { bucket, server } = await openBucket({
    faults: [{ on: 'CopyObject', times: 2, act: { kind: 'answer', status: 200, body: hidden } }],
  });
  await server.seed('models', 'a', 'x');
  const from = await bucket.head('a');
  if (!from) throw new Error('not seeded');
  await bucket.copy(from, 'b');
  expect((await bucket.get('b'))?.toString()).toBe('x');
});
