import { expect, test } from 'vitest';
import type { DialectName } from '../../../../sandbox/bucket/dialects.ts';
import type { UploadChecksum } from '../../../../steps/lib/bucket.ts';
import { openBucket, uploadParts } from '../open-bucket.ts';

const bodies = [Buffer.from('first '), Buffer.from('second')];

test.each<[DialectName, UploadChecksum]>([
  ['aws', 'whole'],
  ['aws', 'parts'],
  ['aws', 'none'],
  ['versitygw', 'parts'],
  ['versitygw', 'none'],
  ['minio', 'parts'],
  ['minio', 'none'],
  ['r2', 'parts'],
  ['r2', 'none'],
  ['b2', 'none'],
])('%s takes an upload with the checksum of %s', async (dialect, checksum) => {
  const { bucket } = await openBucket({ dialect, smallestPart: 1 });
  const upload = await uploadParts(bucket, 'a', bodies, checksum);
  await bucket.completeUpload(upload);
  expect((await bucket.get('a'))?.toString()).toBe('first second');
});

test.each<[DialectName, UploadChecksum]>([
  ['minio', 'whole'],
  ['r2', 'whole'],
  ['b2', 'whole'],
  ['b2', 'parts'],
])('%s refuses an upload with the checksum of %s', async (dialect, checksum) => {
  const { bucket } = await openBucket({ dialect, smallestPart: 1 });
  const uploading = uploadParts(bucket, 'a', bodies, checksum).then((upload) =>
    bucket.completeUpload(upload),
  );
  await expect(uploading).rejects.toMatchObject({ name: 'StepError' });
  expect(await bucket.get('a')).toBeUndefined();
});

test('a part says which checksum it brings, for servers that look only then', async () => {
  const { bucket, server } = await openBucket({ smallestPart: 1 });
  await uploadParts(bucket, 'a', bodies);
  await uploadParts(bucket, 'b', bodies, 'none');
  const named = server.requests
    .filter(({ operation }) => operation === 'UploadPart')
    .map(({ headers }) => [
      headers['x-amz-checksum-crc32'] !== undefined,
      headers['x-amz-sdk-checksum-algorithm'],
    ]);
  expect(named).toEqual([
    [true, 'CRC32'],
    [true, 'CRC32'],
    [false, undefined],
    [false, undefined],
  ]);
});
