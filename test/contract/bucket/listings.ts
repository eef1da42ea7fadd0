import { beforeAll, describe, expect, test } from 'vitest';
import { inParallel, type On } from './ground.ts';

/** Listings, whole, whatever the page. */
export function listingsContract(on: On): void {
  describe('listings', () => {
    let names: string[];
    beforeAll(async () => {
      const { at, bucket, pageSize } = on();
      names = Array.from({ length: pageSize + 15 }, (_, i) => `list/${String(i).padStart(4, '0')}`);
      await inParallel(names, 16, async (name) => bucket.put(at(name), Buffer.from(name)));
    }, 120_000);

    test('more than a page of objects is listed whole, once, with sizes', async () => {
      const { at, bucket } = on();
      const objects = await bucket.list(at('list/'));
      expect(objects.map(({ key }) => key).sort()).toEqual(names.map(at));
      expect(objects.every(({ size }) => size === 9)).toBe(true);
    });

    test('a prefix is a prefix of the key, not a folder', async () => {
      const { at, bucket } = on();
      expect((await bucket.list(at('list/000'))).map(({ key }) => key)).toHaveLength(10);
      expect(await bucket.list(at('list/x'))).toEqual([]);
    });
  });
}
