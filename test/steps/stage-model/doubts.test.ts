import { describe, expect, test } from 'vitest';
import { settleDoubts } from '../../../steps/stage-model/doubts.ts';
import { noteKey } from '../../../steps/stage-model/note.ts';
import { refusal } from './memory-bucket.ts';
import { createMover } from './mover.ts';
import { safetensors } from './staging.ts';

const bytes = safetensors(60);
const path = 'model.safetensors';
const files = { [path]: bytes, 'a.txt': Buffer.from('a') };

async function withObject(
  body: Buffer,
  noted: boolean,
  bucket: NonNullable<Parameters<typeof createMover>[0]['bucket']> = {},
) {
  const mover = await createMover({ files, bucket });
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
    ['right: it stays', bytes, 0, 1],
    ['wrong: it is replaced, and read once more', Buffer.alloc(bytes.length), bytes.length, 2],
  ])('an object that a note doubts is read back, and is %s', async (_title, body, moved, readings) => {
    const { storage, transfer, wanted, file } = await withObject(body, true);
    await settleDoubts(wanted, transfer);
    expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
    expect(storage.objects.get(file('a.txt').key)?.body.toString()).toBe('b');
    expect(transfer.progress.totals).toMatchObject({ moved, readBack: readings * bytes.length });
  });

  test('F39: a note that comes meanwhile is settled too, before anybody may commit', async () => {
    let late = '';
    const { storage, transfer, wanted, file } = await withObject(bytes, true, {
      after: (operation) => {
        if (operation !== 'read' || late !== '') return;
        late = noteKey(place(), 'a.txt', 'upload-y');
        storageOf().objects.set(late, { body: Buffer.from('a.txt'), etag: 'e', metadata: {} });
      },
    });
    const place = () => transfer.place;
    const storageOf = () => storage;
    await settleDoubts(wanted, transfer);
    expect(late).not.toBe('');
    expect(storage.objects.get(file('a.txt').key)?.body.toString()).toBe('a');
  });

  test('the parts of an upload that a note names are not sent again', async () => {
    const { storage, transfer, wanted, file } = await withObject(Buffer.alloc(bytes.length), false);
    const { bucket, place, progress } = transfer;
    const { key, digest } = file(path);
    const uploadId = await bucket.createUpload(key, { metadata: { sha256: digest.hex } });
    for (let i = 0; i * 16 < bytes.length; i += 1)
      await bucket.uploadPart({
        key,
        uploadId,
        partNumber: i + 1,
        body: bytes.subarray(i * 16, (i + 1) * 16),
      });
    await bucket.put(noteKey(place, path, uploadId), Buffer.from(path));
    await settleDoubts(wanted, transfer);
    expect(storage.objects.get(key)?.body).toEqual(bytes);
    expect(progress.totals).toMatchObject({ moved: 0, skipped: 0 });
    expect(storage.uploads.size).toBe(0);
  });

  test.each([
    ['afresh', false],
    ['from parts that were there', true],
  ])('what is mended %s is not done a second time', async (_title, hasParts) => {
    const { transfer, wanted, file } = await withObject(Buffer.alloc(bytes.length), true);
    const { bucket, place, progress } = transfer;
    const { key } = file(path);
    if (hasParts) {
      const uploadId = await bucket.createUpload(key);
      await bucket.uploadPart({ key, uploadId, partNumber: 1, body: bytes.subarray(0, 16) });
      await bucket.put(noteKey(place, path, uploadId), Buffer.from(path));
    }
    let done = 0;
    const advance = (more: number) => void (done += more);
    await settleDoubts(wanted, { ...transfer, progress: { ...progress, advance, keep: advance } });
    expect(done).toBe(0);
    expect(progress.totals).toMatchObject({ moved: bytes.length - (hasParts ? 16 : 0), skipped: 0 });
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
      throw refusal('NotImplemented', 501, path);
    };
    await settleDoubts(wanted, { ...transfer, bucket: { ...transfer.bucket, listUploads } });
    expect(storage.objects.get(file(path).key)?.body).toEqual(bytes);
  });
});
