import { describe, expect, test } from 'vitest';
import { BucketError } from '../../../steps/lib/bucket.ts';
import { StepError } from '../../../steps/lib/errors.ts';
import { isGone, Overtaken, readsBack, refuseWhenCommitted } from '../../../steps/stage-model/transfer.ts';
import { createMover } from './mover.ts';
import { manifestKey, safetensors } from './staging.ts';

const bytes = safetensors(30);
const path = 'model.safetensors';

describe('readsBack', () => {
  test.each<[string, Buffer | undefined, boolean]>([
    ['the bytes', bytes, true],
    ['other bytes', Buffer.alloc(bytes.length), false],
    ['fewer', bytes.subarray(1), false],
    ['nothing there', undefined, false],
  ])('%s: %s', async (_title, body, expected) => {
    const { storage, transfer, file } = await createMover({ files: { [path]: bytes } });
    if (body)
      storage.objects.set(file(path).key, { body, etag: 'e', metadata: { sha256: file(path).digest.hex } });
    expect(await readsBack(file(path), transfer)).toBe(expected);
    expect(transfer.progress.totals.readBack).toBe(body?.length === bytes.length ? bytes.length : 0);
  });

  test.each(['delete', 'put'])('changes nothing: no %s', async (operation) => {
    const asked: string[] = [];
    const { storage, transfer, file } = await createMover({
      files: { [path]: bytes },
      bucket: { before: (each) => void asked.push(each) },
    });
    storage.objects.set(file(path).key, { body: Buffer.alloc(bytes.length), etag: 'e', metadata: {} });
    expect(await readsBack(file(path), transfer)).toBe(false);
    expect(asked).not.toContain(operation);
  });

  test('a bucket that fails is not a wrong object', async () => {
    const { transfer, file } = await createMover({
      files: { [path]: bytes },
      bucket: {
        before: () => {
          throw new StepError('unavailable', 'down', { hint: 'wait' });
        },
      },
    });
    await expect(readsBack(file(path), transfer)).rejects.toThrow('down');
  });
});

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
