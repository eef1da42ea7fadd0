import { describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { moveParts } from '../../../steps/stage-model/move-parts.ts';
import { noteKey } from '../../../steps/stage-model/note.ts';
import { Overtaken } from '../../../steps/stage-model/transfer.ts';
import { type BucketOperation, refusal } from './memory-bucket.ts';
import { createMover } from './mover.ts';
import { manifestKey, safetensors } from './staging.ts';

const bytes = safetensors(100);
const path = 'model.safetensors';
const files = { [path]: bytes };
const partSize = 16;

function refuse(times: number, on: BucketOperation) {
  let left = times;
  return (operation: BucketOperation) => {
    if (operation !== on || left === 0) return;
    left -= 1;
    throw new StepError('unavailable', 'the bucket is down', { hint: 'wait' });
  };
}

describe('a fresh upload', () => {
  test('is completed with all parts and the hash as metadata', async () => {
    const { storage, transfer, file } = await createMover({ files });
    expect(await moveParts({ file: file(path), partSize }, transfer)).toEqual({ end: 'proven' });
    expect(storage.objects.get(file(path).key)).toMatchObject({
      body: bytes,
      metadata: { sha256: file(path).digest.hex },
    });
    expect(storage.uploads.size).toBe(0);
  });

  test('with one buffer goes part by part: the next to be hashed always has a buffer', async () => {
    const { transfer, file } = await createMover({ files, buffers: 1 });
    expect(await moveParts({ file: file(path), partSize }, transfer)).toEqual({ end: 'proven' });
  });

  test('whose hash is wrong is not completed, and its parts are removed', async () => {
    const { storage, transfer, file } = await createMover({
      files,
      hub: { serve: (_, given) => Buffer.alloc(given.length) },
    });
    expect(await moveParts({ file: file(path), partSize }, transfer)).toMatchObject({ end: 'wrong-source' });
    expect(storage.objects.size).toBe(0);
    expect(storage.uploads.size).toBe(0);
  });

  test('F29: parts that cannot be removed are named, and what was wrong stays what is said', async () => {
    const { transfer, file, lines } = await createMover({
      files,
      hub: { serve: (_, given) => Buffer.alloc(given.length) },
      bucket: { before: refuse(9, 'abortUpload') },
    });
    expect(await moveParts({ file: file(path), partSize }, transfer)).toMatchObject({ end: 'wrong-source' });
    expect(lines.join('\n')).toMatch(
      /warn cannot remove the pending upload .*uploadId=upload-\d+ error="the bucket is down"/,
    );
  });

  test('a part that fails ends it with that error; the other parts stay for a resume', async () => {
    const { storage, transfer, file } = await createMover({
      files,
      bucket: { before: refuse(1, 'uploadPart') },
      transfer: {},
    });
    await expect(moveParts({ file: file(path), partSize }, transfer)).rejects.toThrow('the bucket is down');
    expect(storage.uploads.size).toBe(1);
    expect(storage.objects.size).toBe(0);
  });

  test('after a commit is not completed', async () => {
    const { storage, transfer, file } = await createMover({ files });
    storage.objects.set(manifestKey, { body: Buffer.from('{}'), etag: 'e', metadata: {} });
    await expect(moveParts({ file: file(path), partSize }, transfer)).rejects.toBeInstanceOf(Overtaken);
    expect(storage.objects.has(file(path).key)).toBe(false);
  });

  test('that vanishes says so', async () => {
    const { storage, transfer, file } = await createMover({
      files,
      bucket: { before: (operation) => void (operation === 'completeUpload' && storageOf().uploads.clear()) },
    });
    const storageOf = () => storage;
    expect(await moveParts({ file: file(path), partSize }, transfer)).toMatchObject({ end: 'gone' });
  });
});

describe('a resumed upload', () => {
  async function withParts(given: Buffer, options: Partial<Parameters<typeof createMover>[0]> = {}) {
    const mover = await createMover({ files, ...options });
    const { bucket } = mover.transfer;
    const file = mover.file(path);
    const uploadId = await bucket.createUpload(file.key, { metadata: { sha256: file.digest.hex } });
    const parts = [
      await bucket.uploadPart({ key: file.key, uploadId, partNumber: 1, body: given.subarray(0, 16) }),
      await bucket.uploadPart({ key: file.key, uploadId, partNumber: 3, body: given.subarray(32, 48) }),
    ];
    return { ...mover, file, resume: { uploadId, parts } };
  }

  test('moves the parts that are missing, and reads the object back', async () => {
    const { storage, transfer, file, resume } = await withParts(bytes);
    expect(await moveParts({ file, partSize, resume }, transfer)).toEqual({
      end: 'proven',
      isReadBack: true,
    });
    expect(storage.objects.get(file.key)?.body).toEqual(bytes);
    expect(transfer.progress.totals).toMatchObject({
      moved: bytes.length - 32,
      skipped: 32,
      readBack: bytes.length,
    });
    expect([...storage.objects.keys()]).toEqual([file.key]);
  });

  test('is proven though its note cannot be deleted', async () => {
    const { transfer, file, resume, lines } = await withParts(bytes, {
      bucket: { before: refuse(1, 'delete') },
    });
    expect(await moveParts({ file, partSize, resume }, transfer)).toEqual({
      end: 'proven',
      isReadBack: true,
    });
    expect(lines.join('\n')).toContain('warn cannot remove a note');
  });

  test('F42: with a part that is wrong is seen, and a note says that the object is not proven', async () => {
    const { storage, transfer, file, resume } = await withParts(Buffer.alloc(bytes.length));
    expect(await moveParts({ file, partSize, resume }, transfer)).toMatchObject({ end: 'wrong-object' });
    expect([...storage.objects.keys()].some((key) => key.startsWith(transfer.place.unproven))).toBe(true);
  });

  test('does not write over an object that came to be meanwhile; that is read instead', async () => {
    const { storage, transfer, file, resume } = await withParts(Buffer.alloc(bytes.length));
    storage.objects.set(file.key, { body: bytes, etag: 'e', metadata: {} });
    expect(await moveParts({ file, partSize, resume }, transfer)).toEqual({
      end: 'proven',
      isReadBack: true,
    });
    expect(storage.objects.get(file.key)?.body).toEqual(bytes);
    expect(storage.uploads.has(resume.uploadId)).toBe(true);
  });

  test('F39: that it has not completed keeps its note, for another run may be about to', async () => {
    const { storage, transfer, file, resume } = await withParts(Buffer.alloc(bytes.length));
    storage.objects.set(file.key, { body: bytes, etag: 'e', metadata: {} });
    await moveParts({ file, partSize, resume }, transfer);
    expect(storage.objects.has(noteKey(transfer.place, path, resume.uploadId))).toBe(true);
  });

  test.each([
    ['takes the place of an object that was read wrong, and is wrong', true, bytes, 'proven'],
    ['leaves one that nobody has read yet', false, Buffer.alloc(bytes.length), 'wrong-object'],
  ])('%s', async (_title, replaces, expected, end) => {
    const { storage, transfer, file, resume } = await withParts(bytes);
    storage.objects.set(file.key, { body: Buffer.alloc(bytes.length), etag: 'e', metadata: {} });
    expect(await moveParts({ file, partSize, resume, replaces }, transfer)).toMatchObject({ end });
    expect(storage.objects.get(file.key)?.body).toEqual(expected);
  });

  test('that takes no checksums is ended, so that nobody chooses it again', async () => {
    let refuses = false;
    const { storage, transfer, file, resume } = await withParts(bytes, {
      bucket: {
        before: (operation) => {
          if (operation !== 'uploadPart' || !refuses) return;
          throw refusal('InvalidRequest', 400, path);
        },
      },
    });
    refuses = true;
    expect(await moveParts({ file, partSize, resume }, transfer)).toMatchObject({ end: 'gone' });
    expect(storage.uploads.size).toBe(0);
  });

  test('F39: leaves the right one that came in the place of the wrong one', async () => {
    const { storage, transfer, file, resume } = await withParts(Buffer.alloc(bytes.length));
    storage.objects.set(file.key, { body: bytes, etag: 'e', metadata: {} });
    expect(await moveParts({ file, partSize, resume, replaces: true }, transfer)).toEqual({
      end: 'proven',
      isReadBack: true,
    });
    expect(storage.objects.get(file.key)?.body).toEqual(bytes);
  });

  test('takes the place of an object that has another size: that one holds nothing of the file', async () => {
    const { storage, transfer, file, resume } = await withParts(bytes);
    storage.objects.set(file.key, { body: bytes.subarray(1), etag: 'e', metadata: {} });
    expect(await moveParts({ file, partSize, resume }, transfer)).toEqual({
      end: 'proven',
      isReadBack: true,
    });
    expect(storage.objects.get(file.key)?.body).toEqual(bytes);
    expect(transfer.progress.totals).toMatchObject({ moved: bytes.length - 32, skipped: 32 });
  });
});
