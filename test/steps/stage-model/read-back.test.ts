import { describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { readsBack } from '../../../steps/stage-model/read-back.ts';
import { refusal } from './memory-bucket.ts';
import { createMover } from './mover.ts';
import { safetensors } from './staging.ts';

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

  test('F39: an object that another run replaces while it is read is read anew', async () => {
    let readings = 0;
    const { storage, transfer, file } = await createMover({
      files: { [path]: bytes },
      bucket: {
        before: (operation) => {
          if (operation !== 'read') return;
          readings += 1;
          if (readings > 1) return;
          storageOf().objects.set(file(path).key, { body: bytes, etag: 'right', metadata: {} });
          throw refusal('PreconditionFailed', 412, file(path).key);
        },
      },
    });
    const storageOf = () => storage;
    storage.objects.set(file(path).key, { body: Buffer.alloc(bytes.length), etag: 'wrong', metadata: {} });
    expect(await readsBack(file(path), transfer)).toBe(true);
    expect(readings).toBe(2);
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
