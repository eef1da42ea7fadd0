import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { collect, digest, found, type On } from './ground.ts';

/** Copies inside the bucket. */
export function copiesContract(on: On): void {
  describe('copies', () => {
    test('a copy has the bytes and the metadata of its source, or new metadata', async () => {
      const { at, bucket } = on();
      const body = randomBytes(200_000);
      await bucket.put(at('copy/source'), body, { metadata: { sha256: 'c'.repeat(64) } });
      const from = await found(bucket, at('copy/source'));
      await bucket.copy(from, at('copy/same'));
      await bucket.copy(from, at('copy/other'), { metadata: { origin: 'copied' } });
      expect((await bucket.get(at('copy/same')))?.equals(body)).toBe(true);
      expect((await found(bucket, at('copy/same'))).metadata).toEqual({ sha256: 'c'.repeat(64) });
      expect((await found(bucket, at('copy/other'))).metadata).toEqual({ origin: 'copied' });
    });

    test('a copy outlives its source', async () => {
      const { at, bucket } = on();
      await bucket.put(at('copy/short-lived'), Buffer.from('still here'));
      await bucket.copy(await found(bucket, at('copy/short-lived')), at('copy/outlives'));
      await bucket.delete(at('copy/short-lived'));
      expect((await bucket.get(at('copy/outlives')))?.toString()).toBe('still here');
    });

    test('a source that changed since it was looked at is not copied', async (context) => {
      const { at, bucket, lacks } = on();
      context.skip(lacks('conditional copy'), 'the server ignores the condition');
      await bucket.put(at('copy/changing'), Buffer.from('before'));
      const from = await found(bucket, at('copy/changing'));
      await bucket.put(at('copy/changing'), Buffer.from('after, and longer'));
      await expect(bucket.copy(from, at('copy/never'))).rejects.toMatchObject({
        failure: 'check',
        status: 412,
      });
      expect(await bucket.head(at('copy/never'))).toBeUndefined();
    });

    test('what is too large for one copy is copied by parts', async () => {
      const { at, bucket, smallCopies } = on();
      const body = randomBytes(11 * 1024 ** 2);
      await bucket.put(at('copy/large'), body, { metadata: { sha256: 'd'.repeat(64) } });
      await smallCopies.copy(await found(bucket, at('copy/large')), at('copy/by-parts'));
      expect(digest(await collect(bucket.read(at('copy/by-parts'))))).toBe(digest(body));
      expect(await found(bucket, at('copy/by-parts'))).toMatchObject({
        size: body.length,
        metadata: { sha256: 'd'.repeat(64) },
      });
      expect(await bucket.listUploads(at('copy/'))).toEqual([]);
    });

    test('a source that is not there is refused', async () => {
      const { at, bucket } = on();
      const from = { key: at('copy/nothing'), size: 1, etag: '0'.repeat(32) };
      await expect(bucket.copy(from, at('copy/never'))).rejects.toMatchObject({ failure: 'refused' });
    });
  });
}
