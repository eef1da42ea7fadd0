import { expect, test } from 'vitest';
import { bucketSource } from '../../../../steps/stage-model/source/bucket-source.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { collect, failure, layObjects } from '../sources.ts';

const { signal } = new AbortController();
const digest = { algorithm: 'sha256', hex: 'ab' } as const;

function open(prefix = 'models/x/') {
  const storage = createStorage();
  layObjects(storage, prefix, { 'a/b.bin': Buffer.from('0123456789') });
  const source = bucketSource(createMemoryBucket({ storage }), prefix);
  const version = storage.objects.get(`${prefix}a/b.bin`)?.etag ?? '';
  return { storage, source, file: { path: 'a/b.bin', size: 10, version, digest } };
}

test('gives the bytes of a range of the object under the prefix', async () => {
  const { source, file } = open();
  expect(await collect(source.read(file, { start: 2, end: 8 }, signal))).toBe('234567');
  expect(source.where).toBe('s3://models at memory, models/x/');
});

test.each([
  [
    'replaced',
    (storage: ReturnType<typeof createStorage>) =>
      layObjects(storage, 'models/x/', { 'a/b.bin': Buffer.from('9876543210') }),
  ],
  ['removed', (storage: ReturnType<typeof createStorage>) => storage.objects.clear()],
])('an object that was %s since it was listed has changed', async (_title, change) => {
  const { storage, source, file } = open();
  change(storage);
  expect(await failure(collect(source.read(file, { start: 0, end: 8 }, signal)))).toMatchObject({
    failure: 'check',
    message: 'a/b.bin has changed while it was read',
    evidence: [expect.stringMatching(/s3:\/\/models at memory, models\/x\//)],
  });
});

test('what the bucket says of another failure stays', async () => {
  const { storage, file } = open();
  const bucket = createMemoryBucket({
    storage,
    before: () => {
      throw new Error('no route');
    },
  });
  const read = bucketSource(bucket, 'models/x/').read(file, { start: 0, end: 8 }, signal);
  await expect(collect(read)).rejects.toThrow('no route');
});

test('the way to look for oneself fits the kind of hash', () => {
  const { source, file } = open('');
  expect(source.hashCommand(file)).toBe('aws s3 cp s3://models/a/b.bin - | sha256sum');
  expect(source.hashCommand({ ...file, path: "a';reboot;'b" })).toBe(
    String.raw`aws s3 cp 's3://models/a'\'';reboot;'\''b' - | sha256sum`,
  );
  expect(source.hashCommand({ ...file, digest: { algorithm: 'git-sha1', hex: 'ab' } })).toMatch(
    /git hash-object --stdin$/,
  );
  expect(source.where).toBe('s3://models at memory');
});
