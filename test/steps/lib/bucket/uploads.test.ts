import { expect, test } from 'vitest';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { isUploadGone } from '../../../../steps/lib/bucket/error.ts';
import type { PartSender } from '../../../../steps/lib/bucket/part-sender.ts';
import { openBucket, uploadParts } from '../open-bucket.ts';

const body = Buffer.from('the bytes of a part');

test('an upload declares the checksum that its parts then carry', async () => {
  const { bucket, server } = await openBucket();
  const { uploadId, parts } = await uploadParts(bucket, 'a', [body]);
  const [started, sent] = server.requests;
  expect(started?.headers).toMatchObject({
    'x-amz-checksum-algorithm': 'CRC32',
    'x-amz-checksum-type': 'FULL_OBJECT',
  });
  expect(sent?.headers).toMatchObject({ 'x-amz-checksum-crc32': crc32Base64(body) });
  expect(await bucket.listParts('a', uploadId)).toMatchObject([{ etag: parts[0]?.etag, size: body.length }]);
});

test('an upload without a name of its own is not begun', async () => {
  const nameless = '<InitiateMultipartUploadResult></InitiateMultipartUploadResult>';
  const { bucket } = await openBucket({
    faults: [{ on: 'CreateMultipartUpload', act: { kind: 'answer', status: 200, body: nameless } }],
  });
  await expect(bucket.createUpload('a')).rejects.toMatchObject({
    message: expect.stringContaining('start of an upload to a'),
    evidence: [expect.stringContaining('the answer has no UploadId')],
  });
});

test.each([
  ['whose signature covers it', true],
  ['whose signature covers the headers alone', false],
])('a part with a known checksum, %s, is refused once its bytes have changed', async (_title, signed) => {
  const { bucket } = await openBucket();
  const uploadId = await bucket.createUpload('a');
  const part = { key: 'a', uploadId, partNumber: 1, crc32: crc32Base64(body), signed };
  expect(await bucket.uploadPart({ ...part, body })).toMatchObject({ checksum: part.crc32 });
  const changed = Buffer.from(body.toString().toUpperCase());
  await expect(bucket.uploadPart({ ...part, body: changed })).rejects.toMatchObject({ code: 'BadDigest' });
});

test.each([
  { known: true, signed: true, wanted: [{ crc32: false, sha256: true }] },
  { known: false, signed: true, wanted: [{ crc32: true, sha256: true }] },
  { known: false, signed: false, wanted: [{ crc32: true, sha256: false }] },
  { known: true, signed: false, wanted: [] },
])('a part, CRC-32 known $known, signed $signed, is read for $wanted', async ({ known, signed, wanted }) => {
  const { bucket } = await openBucket();
  const uploadId = await bucket.createUpload('a');
  const asked: unknown[] = [];
  const etag = '"d41d8cd98f00b204e9800998ecf8427e"';
  const sender: PartSender = {
    digest: async (_, wanted) => {
      asked.push(wanted);
      return { ...(wanted.crc32 && { crc32: 'c' }), ...(wanted.sha256 && { sha256: 's' }) };
    },
    send: async ({ headers }) => {
      expect(headers).toMatchObject({
        'x-amz-checksum-crc32': 'c',
        'x-amz-content-sha256': signed ? 's' : 'UNSIGNED-PAYLOAD',
      });
      return { statusCode: 200, headers: { etag }, body: Buffer.alloc(0) };
    },
  };
  const part = { key: 'a', uploadId, partNumber: 1, body, signed, sender, ...(known && { crc32: 'c' }) };
  expect(await bucket.uploadPart(part)).toMatchObject({ checksum: 'c' });
  expect(asked).toEqual(wanted);
});

test('an upload that is aborted is gone, and may be aborted again', async () => {
  const { bucket, server } = await openBucket();
  const uploadId = await bucket.createUpload('a');
  await bucket.abortUpload('a', uploadId);
  await bucket.abortUpload('a', uploadId);
  expect(server.uploads('models')).toEqual([]);
  await expect(bucket.uploadPart({ key: 'a', uploadId, partNumber: 1, body })).rejects.toSatisfy(
    isUploadGone,
  );
});
