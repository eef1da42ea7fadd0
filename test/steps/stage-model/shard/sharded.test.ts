import { expect, test } from 'vitest';
import { files, sharded } from '../sharded.ts';
import { manifestKey } from '../staging.ts';

test('three phases stage a commit; commit tells the bytes that all shards moved', async () => {
  const three = sharded(3);
  const names = ['1/3', '2/3', '3/3'];
  const planned = await three.plan();
  expect(planned).toMatchObject({ bytesMoved: '0', manifestDigest: '', outcome: 'ok', shards: names });
  expect(three.lines.filter((line) => /planned +shard=\d\/3/.test(line))).toHaveLength(3);
  for (const shard of names) expect((await three.move(shard)).shards).toEqual(names);
  const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  await expect(three.commit()).resolves.toMatchObject({
    bytesMoved: String(total),
    manifestDigest: expect.stringMatching(/^[0-9a-f]{64}$/),
    outcome: 'ok',
    shards: names,
  });
});

test('a plan that another run has taken away by its commit is no error', async () => {
  let marker: { body: Buffer; etag: string; metadata: object } | undefined;
  const two = sharded(2, {
    before: (operation, key) => {
      // The other run commits between our look at its marker and our look at the plan.
      if (marker && operation === 'get' && key.endsWith('/2.json')) {
        two.storage.objects.set(manifestKey, { ...marker, metadata: {} });
        two.storage.objects.delete(key);
      }
    },
  });
  await two.plan();
  for (const shard of ['1/2', '2/2']) await two.move(shard);
  const { manifestDigest } = await two.commit();
  marker = two.storage.objects.get(manifestKey);
  for (const run of [() => two.move('1/2'), () => two.commit()]) {
    two.storage.objects.delete(manifestKey);
    await expect(run()).resolves.toMatchObject({ outcome: 'unchanged', manifestDigest });
  }
});
