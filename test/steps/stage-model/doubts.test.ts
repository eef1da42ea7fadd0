import { describe, expect, test } from 'vitest';
import { BucketError } from '../../../steps/lib/bucket/error.ts';
import { settleDoubts } from '../../../steps/stage-model/doubts.ts';
import { noteKey } from '../../../steps/stage-model/note.ts';
import { createMover } from './mover.ts';
import { safetensors } from './staging.ts';

const bytes = safetensors(60);
const path = 'model.safetensors';
const files = { [path]: bytes, 'a.txt': Buffer.from('a') };

async function withObject(body: Buffer, noted: boolean) {
  const mover = await createMover({ files });
  const { storage, transfer, file } = mover;
  storage.objects.set(file(path).key, { body, etag: 'e', metadata: { sha256: file(path).digest.hex } });
  storage.objects.set(file('a.txt').key, { body: Buffer.from('b'), etag: 'e', metadata: {} });
  if (noted) await transfer.bucket.put(noteKey(transfer.place, path, 'upload-x'), Buffer.from(path));
  return { ...mover, wanted: [file(path), file('a.txt')] };
}

describe('settleDoubts', () => {
  test('without a note nothing is read', async () => {
    const { transfer, wanted } = await withObject(Buffer.alloc(bytes.length), false);
    await settleDoubts(wanted, transfer);
    expect(transfer.progress.totals.readBack).toBe(0);
  });

  test.each([
    ['right: it stays', bytes, 0],
    ['wrong: it is replaced', Buffer.alloc(bytes.length), bytes.length],
  ])('an object that a note doubts is read back, and is %s', async (_title, body, moved) => {
    const { storage, transfer, wanted, file } = await withObject(body, true);
    await settleDoubts(wanted, transfer);
    expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
    expect(storage.objects.get(file('a.txt').key)?.body.toString()).toBe('b');
    expect(transfer.progress.totals).toMatchObject({ moved, readBack: bytes.length });
  });

  test('of the pending uploads only the one that a note is about is ended: the others are completed when they are proven', async () => {
    const { storage, transfer, wanted, file } = await withObject(bytes, true);
    const { key } = file(path);
    const uploadId = await transfer.bucket.createUpload(key);
    await transfer.bucket.put(noteKey(transfer.place, path, uploadId), Buffer.from(path));
    const fresh = await transfer.bucket.createUpload(key);
    await settleDoubts(wanted, transfer);
    expect([...storage.uploads.keys()]).toEqual([fresh]);
    await expect(transfer.bucket.completeUpload({ key, uploadId, parts: [], size: 0 })).rejects.toThrow(
      'NoSuchUpload',
    );
  });

  test('a server that lists no uploads keeps nobody from being settled', async () => {
    const { storage, transfer, wanted, file } = await withObject(Buffer.alloc(bytes.length), true);
    const listUploads = async () => {
      const about = { evidence: [], hint: '', code: 'NotImplemented', status: 501 };
      throw new BucketError('refused', 'no such thing', about);
    };
    await settleDoubts(wanted, { ...transfer, bucket: { ...transfer.bucket, listUploads } });
    expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
  });
});
