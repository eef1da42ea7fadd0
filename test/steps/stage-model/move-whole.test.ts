import { expect, test } from 'vitest';
import { moveWhole } from '../../../steps/stage-model/move-whole.ts';
import { Overtaken } from '../../../steps/stage-model/transfer.ts';
import { createMover } from './mover.ts';
import { manifestKey } from './staging.ts';

const files = { 'a.txt': Buffer.from('hello'), 'empty.txt': Buffer.alloc(0) };

test.each(['a.txt', 'empty.txt'] as const)('%s: one request, with the hash as metadata', async (path) => {
  const { storage, transfer, file } = await createMover({ files });
  expect(await moveWhole(file(path), transfer)).toEqual({ end: 'proven' });
  const { digest, key } = file(path);
  expect(storage.objects.get(key)).toMatchObject({ body: files[path], metadata: { 'git-sha1': digest.hex } });
});

test('other bytes are not put', async () => {
  const { storage, transfer, file } = await createMover({
    files,
    hub: { serve: () => Buffer.from('HELLO') },
  });
  expect(await moveWhole(file('a.txt'), transfer)).toEqual({
    end: 'wrong-source',
    seen: expect.stringMatching(/^git-sha1 [0-9a-f]{40} \(https:\/\/hub\.test, acme\/tiny@[0-9a-f]{40}\)$/),
  });
  expect(storage.objects.size).toBe(0);
});

test('what comes from the image is not fetched, and proven all the same', async () => {
  const { storage, transfer, file } = await createMover({ files });
  const wanted = { ...file('a.txt'), content: Buffer.from('hello') };
  expect(await moveWhole(wanted, transfer)).toEqual({ end: 'proven' });
  expect(await moveWhole({ ...wanted, content: Buffer.from('jello') }, transfer)).toMatchObject({
    end: 'wrong-source',
  });
  expect(transfer.progress.totals.moved).toBe(0);
  expect(storage.objects.get(wanted.key)?.body.toString()).toBe('hello');
});

test('after a commit nothing is put', async () => {
  const { storage, transfer, file } = await createMover({ files });
  storage.objects.set(manifestKey, { body: Buffer.from('{}'), etag: 'e', metadata: {} });
  await expect(moveWhole(file('a.txt'), transfer)).rejects.toBeInstanceOf(Overtaken);
  expect(storage.objects.has(file('a.txt').key)).toBe(false);
});
