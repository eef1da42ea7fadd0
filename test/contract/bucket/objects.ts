import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { On } from './ground.ts';

/** What is put, read, listed and deleted under every name a model may have. */
export function objectsContract(on: On): void {
  describe('objects', () => {
    test('a put object is there, whole, with its metadata', async () => {
      const { at, bucket } = on();
      const body = randomBytes(70_000);
      const metadata = { sha256: 'a'.repeat(64), 'tool-version': '0.1.0' };
      await expect(bucket.put(at('one'), body, { metadata })).resolves.toBe(true);
      const head = await bucket.head(at('one'));
      expect(head).toMatchObject({ key: at('one'), size: body.length, metadata });
      expect(head?.etag).toMatch(/^[^"]+$/);
      expect((await bucket.get(at('one')))?.equals(body)).toBe(true);
    });

    test('an empty object is an object', async () => {
      const { at, bucket } = on();
      await bucket.put(at('empty'), Buffer.alloc(0));
      expect(await bucket.head(at('empty'))).toMatchObject({ size: 0 });
      expect(await bucket.get(at('empty'))).toHaveLength(0);
    });

    test('what is not there is undefined, and deleting it is no error', async () => {
      const { at, bucket } = on();
      expect(await bucket.head(at('absent'))).toBeUndefined();
      expect(await bucket.get(at('absent'))).toBeUndefined();
      await bucket.delete(at('absent'));
    });

    test('a second put replaces the first', async () => {
      const { at, bucket } = on();
      await bucket.put(at('twice'), Buffer.from('first'));
      await bucket.put(at('twice'), Buffer.from('second, longer'));
      expect((await bucket.get(at('twice')))?.toString()).toBe('second, longer');
    });

    test('a deleted object is gone from reads and listings', async () => {
      const { at, bucket } = on();
      await bucket.put(at('deleted'), Buffer.from('x'));
      await bucket.delete(at('deleted'));
      expect(await bucket.head(at('deleted'))).toBeUndefined();
      expect(await bucket.list(at('deleted'))).toEqual([]);
    });

    test('a put with If-None-Match does not replace', async (context) => {
      const { at, bucket, lacks } = on();
      context.skip(lacks('conditional put'), 'the server ignores If-None-Match');
      await expect(bucket.put(at('once'), Buffer.from('1'), { ifNoneMatch: '*' })).resolves.toBe(true);
      await expect(bucket.put(at('once'), Buffer.from('2'), { ifNoneMatch: '*' })).resolves.toBe(false);
      expect((await bucket.get(at('once')))?.toString()).toBe('1');
    });

    test.each([
      'with space',
      'plus+plus',
      'percent%20percent',
      'quote"and\'quote',
      'amp&lt<gt>',
      'ünïcødé-模型-🙂',
      'equals=comma,semicolon;colon:at@',
      'paren(1)!*~[2]{3}^',
      'hash#question?',
      'deep/er/and/deeper',
    ])('the key %j comes back from every operation as it was', async (name) => {
      const { at, bucket } = on();
      const key = at(`keys/${name}`);
      await bucket.put(key, Buffer.from(name));
      expect(await bucket.head(key)).toMatchObject({ key, size: Buffer.byteLength(name) });
      expect((await bucket.list(key)).map((object) => object.key)).toEqual([key]);
      const copy = at(`copied/${name}`);
      const [from] = await bucket.list(key);
      if (!from) throw new Error('nothing listed');
      await bucket.copy(from, copy);
      expect((await bucket.get(copy))?.toString()).toBe(name);
      const uploadId = await bucket.createUpload(key);
      expect(await bucket.listUploads(key)).toMatchObject([{ key, uploadId }]);
      await bucket.abortUpload(key, uploadId);
    });
  });
}
