import { expect, test } from 'vitest';
import type { StepError } from '../../../steps/lib/errors.ts';
import { createMemoryBucket, createStorage } from './memory-bucket.ts';
import { createMemoryHub } from './memory-hub.ts';
import { failure } from './sources.ts';
import { commit, manifestKey, model, prefix, safetensors, snapshot, stage } from './staging.ts';

const files = {
  'config.json': Buffer.from('{"a":1}'),
  'extra.txt': Buffer.from('extra'),
  'model.safetensors': safetensors(90),
};

/** Staged and committed by somebody. */
async function staged(params: object = {}) {
  const storage = createStorage();
  const bucket = createMemoryBucket({ storage });
  const hub = createMemoryHub({ commit, files });
  await stage({ hub, bucket, params });
  return { storage, bucket, hub, before: snapshot(storage.objects) };
}

test.each<[string, object, object]>([
  ['another --state-prefix', {}, { statePrefix: '.other', ignore: ['extra.txt'] }],
  [
    'another --model and the same --prefix',
    { prefix: 'shared' },
    { prefix: 'shared', model: 'acme/twin', ignore: ['extra.txt'] },
  ],
  [
    'another --state-prefix, by phase plan',
    {},
    { statePrefix: '.other', ignore: ['extra.txt'], phase: 'plan', shards: 2 },
  ],
  [
    'another --state-prefix, by a dry run',
    {},
    { statePrefix: '.other', ignore: ['extra.txt'], dryRun: true },
  ],
])('what a run with %s has committed is not removed', async (_title, params, other) => {
  const { storage, bucket, hub, before } = await staged(params);
  await expect(stage({ hub, bucket, params: { ...params, ...other } })).rejects.toMatchObject({
    failure: 'check',
    message: 'this commit was staged there with files that are not wanted now',
    evidence: [expect.stringContaining('extra.txt carries a digest of stage-model')],
    hint: expect.stringMatching(/^aws s3 rm s3:\/\/\S+\/extra\.txt /),
  });
  expect(snapshot(storage.objects)).toEqual(before);
});

test('a dry run after an interrupted run with more files ends as the run would', async () => {
  const { storage, bucket, hub } = await staged();
  storage.objects.delete(manifestKey);
  const before = snapshot(storage.objects);
  const run = (params: object) =>
    failure(stage({ hub, bucket, params: { ignore: ['extra.txt'], ...params } }));
  expect(await run({ dryRun: true })).toEqual(await run({}));
  expect(snapshot(storage.objects)).toEqual(before);
});

test('after an interrupted run with more files the command of the hint is all it takes, and nothing is moved again', async () => {
  const storage = createStorage();
  const bucket = createMemoryBucket({ storage });
  const hub = createMemoryHub({ commit, files });
  const stopped = createMemoryBucket({
    storage,
    before: (_operation, key) => {
      if (key?.includes('/manifests/') && storage.objects.size >= 3) throw new Error('stopped');
    },
  });
  await expect(stage({ hub, bucket: stopped })).rejects.toThrow('stopped');
  const params = { ignore: ['extra.txt'] };
  const error = await stage({ hub, bucket, params }).catch((error: unknown) => error);
  const key = /^aws s3 rm s3:\/\/[^/]+\/(\S+) /.exec((error as StepError).hint)?.[1] ?? '';
  expect(storage.objects.delete(key)).toBe(true);
  await expect(stage({ hub, bucket, params })).resolves.toMatchObject({ outcome: 'ok', bytesMoved: '0' });
});

test('the command of the hint is one that a shell reads as it is meant', async () => {
  const storage = createStorage();
  const bucket = createMemoryBucket({ storage });
  const hub = createMemoryHub({ commit, files: { ...files, "a';reboot;'.txt": Buffer.from('x') } });
  await stage({ hub, bucket });
  const narrower = { statePrefix: '.other', ignore: ['a*'] };
  await expect(stage({ hub, bucket, params: narrower })).rejects.toMatchObject({
    hint: expect.stringContaining(String.raw`/a'\'';reboot;'\''.txt'   (and each`),
  });
});

test('what nobody has staged goes, and files that both want are kept', async () => {
  const { storage, bucket, hub } = await staged();
  storage.objects.set(`${prefix}stranger.txt`, { body: Buffer.from('x'), etag: 'e', metadata: {} });
  const params = { statePrefix: '.other', model };
  await expect(stage({ hub, bucket, params })).resolves.toMatchObject({ outcome: 'ok', bytesMoved: '0' });
  expect(storage.objects.has(`${prefix}stranger.txt`)).toBe(false);
});
