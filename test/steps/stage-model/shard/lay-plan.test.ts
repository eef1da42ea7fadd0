import { describe, expect, test } from 'vitest';
import { BucketError } from '../../../../steps/lib/bucket/error.ts';
import { files, sharded, shardsFolder } from '../sharded.ts';
import { prefix } from '../staging.ts';

const key = `${shardsFolder}2.json`;

describe('a plan that is repeated', () => {
  test('stays as it is, uploads included, though shards have moved meanwhile', async () => {
    const two = sharded(2);
    await two.plan();
    const before = two.storage.objects.get(key)?.body;
    await two.move('2/2');
    await expect(two.plan()).resolves.toMatchObject({ outcome: 'ok', shards: ['1/2', '2/2'] });
    expect(two.storage.objects.get(key)?.body).toEqual(before);
    expect(two.storage.writes.get(key)).toBe(1);
    expect(two.storage.uploads.size).toBe(1);
  });

  test('finds the upload again that a plan before it began and did not write down', async () => {
    const two = sharded(2);
    await two.plan();
    two.storage.objects.delete(key);
    const [uploadId] = two.storage.uploads.keys();
    await two.plan();
    expect(Object.values(two.stored().uploads)).toEqual([uploadId]);
    expect(two.storage.uploads.size).toBe(1);
  });

  test('is made anew when its upload is gone, and then goes through', async () => {
    const two = sharded(2);
    await two.plan();
    await two.move('1/2');
    two.storage.uploads.clear();
    await expect(two.move('2/2')).rejects.toMatchObject({
      failure: 'not-ready',
      message: 'the upload that the plan has for model-1.safetensors is gone',
      hint: expect.stringContaining('phase=plan'),
    });
    await two.plan();
    for (const shard of ['1/2', '2/2']) await two.move(shard);
    await expect(two.commit()).resolves.toMatchObject({ outcome: 'ok' });
  });

  test('is made anew when somebody put an object of theirs in the place of a cut file, which is then proven', async () => {
    const two = sharded(2);
    await two.plan();
    const { 'model-1.safetensors': body } = files;
    two.storage.objects.set(`${prefix}model-1.safetensors`, { body, etag: 'x', metadata: {} });
    two.storage.uploads.clear();
    await expect(two.move('1/2')).rejects.toMatchObject({ failure: 'not-ready' });
    await two.plan();
    expect(two.stored().uploads).toEqual({});
    two.hub.given.clear();
    for (const shard of ['1/2', '2/2']) await two.move(shard);
    expect(two.hub.given.has('model-1.safetensors')).toBe(false);
    await expect(two.commit()).resolves.toMatchObject({ outcome: 'ok' });
  });

  test('is made anew for another selection, which the shards of the old one are told', async () => {
    const two = sharded(2);
    await two.plan();
    await two.plan({ ignore: ['model-2*'] });
    await expect(two.move('1/2')).rejects.toMatchObject({ failure: 'check' });
    await expect(two.move('1/2', { ignore: ['model-2*'] })).resolves.toMatchObject({ outcome: 'ok' });
  });

  test('of a committed revision is unchanged: nobody need move', async () => {
    const two = sharded(2);
    await two.plan();
    for (const shard of ['1/2', '2/2']) await two.move(shard);
    const { manifestDigest } = await two.commit();
    await expect(two.plan()).resolves.toMatchObject({ outcome: 'unchanged', manifestDigest });
    await expect(two.move('1/2')).resolves.toMatchObject({ outcome: 'unchanged', bytesMoved: '0' });
    expect([...two.storage.objects.keys()].filter((key) => key.startsWith(shardsFolder))).toEqual([]);
    expect(two.storage.uploads.size).toBe(0);
  });
});

test('what lies there already weighs nothing, and a file of one part is never cut', async () => {
  const two = sharded(2);
  const { 'model-1.safetensors': body } = files;
  const stored = { body, etag: 'x', metadata: {} };
  two.storage.objects.set(`${prefix}model-1.safetensors`, stored);
  await two.plan({ partSize: 1024 });
  expect(two.storage.uploads.size).toBe(0);
  expect(two.stored().shares.every(({ spans }) => spans.length === 0)).toBe(true);
});

test('where the server lists no parts nothing is cut, and the shards still stage it all', async () => {
  const unsupported = () => {
    throw new BucketError('check', 'not here', {
      evidence: ['NotImplemented (S3)'],
      hint: 'look at it',
      code: 'NotImplemented',
      status: 501,
    });
  };
  const two = sharded(2, {
    before: (operation) => {
      if (operation === 'listParts' || operation === 'listUploads') unsupported();
    },
  });
  await two.plan();
  expect(two.stored().uploads).toEqual({});
  for (const shard of ['1/2', '2/2']) await two.move(shard);
  await expect(two.commit()).resolves.toMatchObject({ outcome: 'ok' });
});

test('the policy is judged before anything is planned', async () => {
  const two = sharded(2);
  await expect(two.plan({ allowOwners: ['somebody-else'] })).rejects.toMatchObject({ failure: 'check' });
  expect(two.storage.objects.size).toBe(0);
  expect(two.storage.uploads.size).toBe(0);
});
