import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { collect, type On } from './ground.ts';

/** Any bytes of an object, and only those. */
export function rangesContract(on: On): void {
  describe('ranges', () => {
    const body = randomBytes(300_000);
    beforeAll(async () => {
      const { at, bucket } = on();
      await bucket.put(at('ranges'), body);
    });

    test.each([
      [0, 1],
      [0, 300_000],
      [1, 2],
      [65_535, 65_537],
      [100_000, 299_999],
      [299_999, 300_000],
      [5, 5],
    ])('bytes %i to %i', async (start, end) => {
      const { at, bucket } = on();
      const read = await collect(bucket.read(at('ranges'), { start, end }));
      expect(read.equals(body.subarray(start, end))).toBe(true);
    });

    test('of the object of an ETag, and of no other', async () => {
      const { at, bucket } = on();
      const key = at('ranges-etag');
      await bucket.put(key, body);
      const etag = (await bucket.list(key)).find((object) => object.key === key)?.etag ?? '';
      const read = await collect(bucket.read(key, { start: 3, end: 70_000, etag }));
      expect(read.equals(body.subarray(3, 70_000))).toBe(true);
      await bucket.put(key, randomBytes(300_000));
      await expect(collect(bucket.read(key, { start: 3, end: 9, etag }))).rejects.toMatchObject({
        name: 'StepError',
        status: 412,
      });
    });

    test('a reader may stop early, and the next request works', async () => {
      const { at, bucket } = on();
      for await (const chunk of bucket.read(at('ranges'))) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect((await bucket.get(at('ranges')))?.equals(body)).toBe(true);
    });

    test('a range behind the end is an error', async () => {
      const { at, bucket } = on();
      await expect(
        collect(bucket.read(at('ranges'), { start: 300_000, end: 300_001 })),
      ).rejects.toMatchObject({
        name: 'StepError',
      });
    });
  });
}
