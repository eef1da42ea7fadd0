import { expect, test } from 'vitest';
import { BucketError } from '../../../steps/lib/bucket.ts';
import { isGone, Overtaken, refuseWhenCommitted } from '../../../steps/stage-model/transfer.ts';
import { createMover } from './mover.ts';
import { manifestKey } from './staging.ts';

test('a marker that is there stops all writing', async () => {
  const { storage, transfer } = await createMover({ files: {} });
  await expect(refuseWhenCommitted(transfer)).resolves.toBeUndefined();
  storage.objects.set(manifestKey, { body: Buffer.from('{}'), etag: 'e', metadata: {} });
  await expect(refuseWhenCommitted(transfer)).rejects.toBeInstanceOf(Overtaken);
});

test.each([
  ['NoSuchUpload', 404, true],
  ['NoSuchKey', 404, true],
  ['InvalidPart', 400, true],
  ['NoSuchBucket', 404, false],
  ['AccessDenied', 403, false],
])('%s with %i means that the upload is gone: %s', (code, status, expected) => {
  const error = new BucketError('refused', 'x', { evidence: [], hint: 'y', code, status });
  expect(isGone(error)).toBe(expected);
  expect(isGone(new Error(code))).toBe(false);
});
