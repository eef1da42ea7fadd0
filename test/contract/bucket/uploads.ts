import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isUploadGone } from '../../../steps/lib/bucket/error.ts';
import { collect, digest, inParallel, type On } from './ground.ts';

const mebibyte = 1024 ** 2;

/** Uploads by parts: sent in any order, found again, completed, aborted. */
export function uploadsContract(on: On): void {
  describe('multipart uploads', () => {
    test('parts in any order become the object', async () => {
      const { at, bucket, lacks } = on();
      const parts = [randomBytes(5 * mebibyte), randomBytes(6 * mebibyte), randomBytes(123)];
      const key = at('multi/any-order');
      const uploadId = await bucket.createUpload(key, { metadata: { sha256: 'b'.repeat(64) } });
      const uploaded = [];
      for (const partNumber of [3, 1, 2])
        uploaded.push(
          await bucket.uploadPart({
            key,
            uploadId,
            partNumber,
            body: parts[partNumber - 1] ?? Buffer.alloc(0),
          }),
        );
      const whole = Buffer.concat(parts);
      expect(await bucket.head(key)).toBeUndefined();
      await bucket.completeUpload({ key, uploadId, parts: uploaded, size: whole.length });
      const head = await bucket.head(key);
      expect(head).toMatchObject({ size: whole.length, metadata: { sha256: 'b'.repeat(64) } });
      expect(digest(await collect(bucket.read(key)))).toBe(digest(whole));
      const md5s = Buffer.concat(parts.map((part) => createHash('md5').update(part).digest()));
      const standard = `${createHash('md5').update(md5s).digest('hex')}-3`;
      expect(head?.etag).toMatch(lacks('md5 etags') ? /./ : standard);
    });

    test('listed parts are the ones that were sent, and complete an upload after a restart', async () => {
      const { at, bucket } = on();
      const parts = [randomBytes(5 * mebibyte), randomBytes(5 * mebibyte), randomBytes(1)];
      const key = at('multi/resumed');
      const uploadId = await bucket.createUpload(key);
      for (const [i, body] of [...parts.entries()].reverse())
        await bucket.uploadPart({ key, uploadId, partNumber: i + 1, body });
      const pending = await bucket.listUploads(at('multi/'));
      expect(pending).toMatchObject([{ key, uploadId }]);
      const listed = await bucket.listParts(key, uploadId);
      expect(listed.map(({ partNumber, size }) => [partNumber, size])).toEqual([
        [1, 5 * mebibyte],
        [2, 5 * mebibyte],
        [3, 1],
      ]);
      await bucket.completeUpload({ key, uploadId, parts: listed, size: 10 * mebibyte + 1 });
      expect(digest(await collect(bucket.read(key)))).toBe(digest(Buffer.concat(parts)));
      expect(await bucket.listUploads(key)).toEqual([]);
    });

    test('more than a page of parts is listed whole and in order', async () => {
      const { at, bucket, pageSize } = on();
      const key = at('multi/many');
      const uploadId = await bucket.createUpload(key);
      const numbers = Array.from({ length: pageSize + 3 }, (_, i) => i + 1);
      await inParallel(numbers, 16, async (partNumber) =>
        bucket.uploadPart({ key, uploadId, partNumber, body: Buffer.from(`part ${partNumber}`) }),
      );
      const listed = await bucket.listParts(key, uploadId);
      expect(listed.map(({ partNumber }) => partNumber)).toEqual(numbers);
      await bucket.abortUpload(key, uploadId);
    }, 120_000);

    test('more than a page of uploads is listed whole', async () => {
      const { at, bucket, pageSize } = on();
      const keys = Array.from({ length: pageSize + 2 }, (_, i) => at(`pending/${Math.floor(i / 2)}`));
      const ids = new Set<string>();
      await inParallel(keys, 16, async (key) => ids.add(await bucket.createUpload(key)));
      const listed = await bucket.listUploads(at('pending/'));
      expect(new Set(listed.map(({ uploadId }) => uploadId))).toEqual(ids);
      await inParallel(listed, 16, async ({ key, uploadId }) => bucket.abortUpload(key, uploadId));
      expect(await bucket.listUploads(at('pending/'))).toEqual([]);
    }, 120_000);

    test('the last body of a part number wins', async () => {
      const { at, bucket } = on();
      const key = at('multi/again');
      const uploadId = await bucket.createUpload(key);
      await bucket.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from('first try') });
      const part = await bucket.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from('second') });
      await bucket.completeUpload({ key, uploadId, parts: [part], size: 6 });
      expect((await bucket.get(key))?.toString()).toBe('second');
    });

    test('an aborted upload is gone, and aborting it again is no error', async () => {
      const { at, bucket } = on();
      const key = at('multi/aborted');
      const uploadId = await bucket.createUpload(key);
      await bucket.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from('x') });
      await bucket.abortUpload(key, uploadId);
      await bucket.abortUpload(key, uploadId);
      expect(await bucket.listUploads(key)).toEqual([]);
      const late = bucket.uploadPart({ key, uploadId, partNumber: 2, body: Buffer.from('y') });
      await expect(late).rejects.toSatisfy(isUploadGone);
      expect(await bucket.head(key)).toBeUndefined();
    });

    test('an upload completed twice is complete', async () => {
      const { at, bucket } = on();
      const key = at('multi/completed-twice');
      const uploadId = await bucket.createUpload(key);
      const parts = [await bucket.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from('whole') })];
      await bucket.completeUpload({ key, uploadId, parts, size: 5 });
      await bucket.completeUpload({ key, uploadId, parts, size: 5 });
      expect((await bucket.get(key))?.toString()).toBe('whole');
    });

    test('a part under 5 MiB that is not the last is refused at the end', async () => {
      const { at, bucket } = on();
      const key = at('multi/small');
      const uploadId = await bucket.createUpload(key);
      const parts = [
        await bucket.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from('too small') }),
        await bucket.uploadPart({ key, uploadId, partNumber: 2, body: Buffer.from('last') }),
      ];
      await expect(bucket.completeUpload({ key, uploadId, parts, size: 13 })).rejects.toMatchObject({
        code: 'EntityTooSmall',
        failure: 'check',
      });
      expect(await bucket.head(key)).toBeUndefined();
      await bucket.abortUpload(key, uploadId);
    });

    test('a part with an ETag that was never given is refused at the end', async () => {
      const { at, bucket } = on();
      const key = at('multi/wrong-etag');
      const uploadId = await bucket.createUpload(key);
      const part = await bucket.uploadPart({ key, uploadId, partNumber: 1, body: Buffer.from('x') });
      const parts = [{ ...part, etag: '0'.repeat(32) }];
      await expect(bucket.completeUpload({ key, uploadId, parts, size: 1 })).rejects.toMatchObject({
        code: 'InvalidPart',
      });
      expect(await bucket.head(key)).toBeUndefined();
      await bucket.abortUpload(key, uploadId);
    });
  });
}
