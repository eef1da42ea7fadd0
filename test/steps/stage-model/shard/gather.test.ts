import { describe, expect, test } from 'vitest';
import { files, sharded } from '../sharded.ts';
import { createMemoryBucket, refusal } from '../memory-bucket.ts';
import { createMemoryHub } from '../memory-hub.ts';
import { commit, manifestKey, prefix, stage } from '../staging.ts';

describe('phase commit', () => {
  test('names every missing file and part with the shard that owes it, and commits nothing', async () => {
    const three = sharded(3);
    await three.plan();
    await three.move('2/3');
    const uploadId = three.stored().uploads['model-1.safetensors'];
    const failed: unknown = await three.commit().catch((error: unknown) => error);
    expect(failed).toMatchObject({
      failure: 'not-ready',
      message: 'nothing was committed: 2 of 3 shards have not moved their share',
      hint: expect.stringContaining(
        `phase=move --param shard=1/3 --param revision=${commit} …   (each of 1/3, 3/3, then phase commit again)`,
      ),
    });
    const { evidence } = failed as { evidence: string[] };
    const { shares } = three.stored();
    for (const { shard, files, spans } of [shares[0], shares[2]].flatMap((share) => share ?? [])) {
      const owed = evidence.filter((line) => line.includes(`: shard ${shard} owes it`)).join('\n');
      for (const path of files) expect(owed).toContain(`${path} is missing`);
      for (const { path, first, last } of spans)
        expect(owed).toContain(`${path} lacks ${first}-${last} of 15 parts in the upload ${uploadId}`);
    }
    expect(evidence.some((line) => line.includes('shard 2/3'))).toBe(false);
    expect(three.storage.objects.has(manifestKey)).toBe(false);
    expect(three.storage.uploads.size).toBe(1);
  });

  test('takes parts from the upload of the plan alone', async () => {
    const two = sharded(2);
    await two.plan();
    await two.move('1/2');
    const parts = Array.from({ length: 15 }, (_, i) => {
      const body = Buffer.alloc(i === 14 ? files['model-1.safetensors'].length - 14 * 32 : 32, 'x');
      return [i + 1, { body, etag: `${i}` }] as const;
    });
    const key = `${prefix}model-1.safetensors`;
    two.storage.uploads.set('stray', { key, metadata: {}, parts: new Map(parts) });
    await expect(two.commit()).rejects.toMatchObject({ failure: 'not-ready' });
    await two.move('2/2');
    await two.commit();
    expect(two.storage.objects.get(key)?.body).toEqual(files['model-1.safetensors']);
    expect(two.storage.writes.get(key)).toBe(1);
    expect(two.storage.uploads.size).toBe(0);
  });

  test('lets lie what a late pod of another part size sends into the upload of the plan', async () => {
    const two = sharded(2);
    await two.plan();
    for (const shard of ['1/2', '2/2']) await two.move(shard);
    const { parts } = two.storage.uploads.get(two.stored().uploads['model-1.safetensors'] ?? '') ?? {};
    for (const partNumber of [3, 20]) parts?.set(partNumber, { body: Buffer.alloc(16), etag: 'late' });
    await expect(two.commit()).rejects.toMatchObject({
      failure: 'not-ready',
      evidence: [expect.stringContaining('model-1.safetensors lacks 3 of 15 parts')],
    });
    for (const shard of ['1/2', '2/2']) await two.move(shard);
    expect((await two.commit()).outcome).toBe('ok');
    const stored = two.storage.objects.get(`${prefix}model-1.safetensors`);
    expect(stored?.body).toEqual(files['model-1.safetensors']);
  });

  test('owes nothing of what another commit has brought meanwhile: that is copied', async () => {
    const two = sharded(2);
    await two.plan();
    await two.move('1/2');
    const texts = { ...files, 'README.md': Buffer.from('another') };
    const hub = createMemoryHub({ commit: 'f'.repeat(40), files: texts });
    await stage({ hub, bucket: createMemoryBucket({ storage: two.storage }), params: { partSize: 32 } });
    await two.move('2/2');
    expect((await two.commit()).outcome).toBe('ok');
    expect(two.storage.objects.get(`${prefix}model-1.safetensors`)?.body).toEqual(
      files['model-1.safetensors'],
    );
    expect(two.storage.uploads.size).toBe(0);
  });

  test('what lies under another commit is owed where the server copies nothing', async () => {
    const two = sharded(2, {
      before: (operation, key) => {
        if (operation === 'copy') throw refusal('NotImplemented', 501, key);
      },
    });
    const texts = { ...files, 'README.md': Buffer.from('another') };
    const older = createMemoryHub({ commit: 'f'.repeat(40), files: texts });
    await stage({
      hub: older,
      bucket: createMemoryBucket({ storage: two.storage }),
      params: { partSize: 32 },
    });
    await two.plan();
    await expect(two.commit()).rejects.toMatchObject({
      failure: 'not-ready',
      message: 'nothing was committed: 2 of 2 shards have not moved their share',
    });
    expect([...two.storage.objects.keys()].filter((key) => key.startsWith(prefix))).toEqual([]);
    for (const shard of ['1/2', '2/2']) await two.move(shard);
    expect((await two.commit()).outcome).toBe('ok');
  });

  test('reads back what several shards sent, and only that; with read-back=always not what shards have read back', async () => {
    const read: string[] = [];
    const watch = {
      before: (operation: string, key: string) => void (operation === 'read' && read.push(key)),
    };
    const auto = sharded(2, watch);
    await auto.plan();
    for (const shard of ['1/2', '2/2']) await auto.move(shard);
    expect(read).toEqual([]);
    await auto.commit();
    // Before the commit the policy looks at each header, in two reads.
    const [one, two] = ['model-1.safetensors', 'model-2.safetensors'].map((path) => prefix + path);
    expect(read.sort()).toEqual([one, one, one, two, two]);

    read.length = 0;
    const always = sharded(2, watch);
    await always.plan();
    for (const shard of ['1/2', '2/2']) await always.move(shard, { readBack: 'always' });
    expect(read.sort()).toEqual(
      ['config.json', 'empty.txt', 'model-2.safetensors'].map((path) => prefix + path),
    );
    read.length = 0;
    await always.commit({ readBack: 'always' });
    expect(new Set(read)).toEqual(new Set([one, two]));
    expect(read.filter((key) => key === two)).toHaveLength(2);
    expect(read.filter((key) => key === one).length).toBeGreaterThan(2);
  });

  test('takes away what does not belong there, plan and notes included', async () => {
    const two = sharded(2);
    await two.plan();
    two.storage.objects.set(`${prefix}stray.bin`, { body: Buffer.from('x'), etag: 'x', metadata: {} });
    for (const shard of ['1/2', '2/2']) await two.move(shard);
    expect(two.storage.objects.has(`${prefix}stray.bin`)).toBe(true);
    await two.commit();
    expect([...two.storage.objects.keys()].sort()).toEqual(
      [
        manifestKey,
        ...['config.json', 'empty.txt', 'model-1.safetensors', 'model-2.safetensors'].map(
          (path) => prefix + path,
        ),
      ].sort(),
    );
  });
});
