import { expect, test } from 'vitest';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { isUploadGone } from '../../../../steps/lib/bucket/error.ts';
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
