import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { CreateMultipartUploadCommand, PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import type { On } from './ground.ts';

/** What a server does about bytes that are not the declared ones. */
export function verificationContract(on: On): void {
  describe('verification', () => {
    test('a put with the MD5 of other bytes is not stored', async (context) => {
      const { at, bucket, client, lacks } = on();
      context.skip(lacks('md5 verification'), 'the server takes any MD5');
      const ContentMD5 = createHash('md5').update('other').digest('base64');
      const command = new PutObjectCommand({
        Bucket: bucket.name,
        Key: at('md5'),
        Body: 'these',
        ContentMD5,
      });
      await expect(client.send(command)).rejects.toMatchObject({ name: 'BadDigest' });
      expect(await bucket.head(at('md5'))).toBeUndefined();
    });

    test('a put with the signed hash of other bytes is not stored', async (context) => {
      const { at, bucket, client, lacks } = on();
      context.skip(lacks('payload verification'), 'the server takes any payload hash');
      const command = new PutObjectCommand({ Bucket: bucket.name, Key: at('sha256'), Body: 'these' });
      command.middlewareStack.add(
        (next) => async (args) => {
          const { request } = args as { request: { headers: Record<string, string> } };
          request.headers['x-amz-content-sha256'] = createHash('sha256').update('other').digest('hex');
          return await next(args);
        },
        { step: 'build' },
      );
      await expect(client.send(command)).rejects.toMatchObject({ name: 'XAmzContentSHA256Mismatch' });
      expect(await bucket.head(at('sha256'))).toBeUndefined();
    });

    test('a part with the CRC-32 of other bytes is not taken', async (context) => {
      const { at, bucket, client, lacks } = on();
      context.skip(lacks('checksums'), 'the server knows no checksums');
      const where = { Bucket: bucket.name, Key: at('crc32') };
      const { UploadId } = await client.send(
        new CreateMultipartUploadCommand({ ...where, ChecksumAlgorithm: 'CRC32' }),
      );
      const part = {
        ...where,
        UploadId,
        PartNumber: 1,
        Body: 'these',
        ChecksumCRC32: base64(crc32('other')),
      };
      await expect(client.send(new UploadPartCommand(part))).rejects.toMatchObject({ name: 'BadDigest' });
      expect(await bucket.listParts(where.Key, UploadId ?? '')).toEqual([]);
      await bucket.abortUpload(where.Key, UploadId ?? '');
    });

    test('an upload whose whole has another CRC-32 is not completed', async (context) => {
      const { at, bucket, lacks } = on();
      context.skip(lacks('checksums'), 'the server knows no checksums');
      const key = at('whole');
      const uploadId = await bucket.createUpload(key);
      const body = Buffer.from('these');
      const part = await bucket.uploadPart({ key, uploadId, partNumber: 1, body });
      const parts = [{ ...part, checksum: base64(crc32('other')) }];
      await expect(bucket.completeUpload({ key, uploadId, parts, size: 5 })).rejects.toMatchObject({
        failure: 'check',
      });
      expect(await bucket.head(key)).toBeUndefined();
      await bucket.completeUpload({ key, uploadId, parts: [part], size: 5 });
      expect((await bucket.get(key))?.toString()).toBe('these');
    });

    test('parts are listed with their CRC-32, or without any', async () => {
      const { at, bucket, lacks } = on();
      const key = at('crc32');
      const uploadId = await bucket.createUpload(key);
      const { checksum } = await bucket.uploadPart({
        key,
        uploadId,
        partNumber: 1,
        body: Buffer.from('these'),
      });
      expect(checksum).toBe(base64(crc32('these')));
      const [listed] = await bucket.listParts(key, uploadId);
      expect(listed?.checksum).toBe(lacks('listed checksums') ? undefined : checksum);
      await bucket.abortUpload(key, uploadId);
    });
  });
}

function base64(crc: number): string {
  return Buffer.from(crc.toString(16).padStart(8, '0'), 'hex').toString('base64');
}
