import { describe, expect, test } from 'vitest';
import { isWithin } from '../../../../steps/stage-model/shard/share.ts';
import { refusal } from '../memory-bucket.ts';
import { files, sharded, shardsFolder } from '../sharded.ts';
import { manifestKey, prefix } from '../staging.ts';

describe('phase move', () => {
  test('moves its share and nothing else, and makes no file visible that others move too', async () => {
    const two = sharded(2);
    await two.plan();
    const [share] = two.stored().shares;
    await expect(two.move('1/2')).resolves.toMatchObject({ outcome: 'ok', manifestDigest: '' });
    const [upload] = two.storage.uploads.values();
    const [span] = share?.spans ?? [];
    const numbers = [...(upload?.parts.keys() ?? [])];
    expect(numbers.length).toBeGreaterThan(1);
    expect(span && numbers.every((number) => isWithin(span, number))).toBe(true);
    const objects = [...two.storage.objects.keys()].filter((key) => key.startsWith(prefix));
    expect(objects.sort()).toEqual((share?.files ?? []).map((path) => prefix + path).sort());
    expect(two.storage.objects.has(manifestKey)).toBe(false);
  });

  test('repeated when all is done it asks the Hub for no bytes and says unchanged', async () => {
    const two = sharded(2);
    await two.plan();
    await two.move('1/2');
    two.hub.given.clear();
    await expect(two.move('1/2')).resolves.toMatchObject({ outcome: 'unchanged', bytesMoved: '0' });
    expect(two.hub.given).toEqual(new Map());
    expect(two.storage.writes.get(`${shardsFolder}2/1.json`)).toBe(1);
  });

  test('killed and repeated it sends only the parts that ListParts does not show', async () => {
    let parts = 0;
    let alive = false;
    const two = sharded(2, {
      before: (operation, key) => {
        if (operation === 'uploadPart' && key.startsWith(prefix)) parts += 1;
        if (parts > 3 && !alive) throw new Error('killed');
      },
    });
    await two.plan();
    const [span] = two.stored().shares[0]?.spans ?? [];
    await expect(two.move('1/2', { connections: 1 })).rejects.toThrow('killed');
    alive = true;
    two.hub.given.clear();
    const { bytesMoved } = await two.move('1/2');
    const whole = ((span?.last ?? 0) - (span?.first ?? 0) + 1) * 32;
    expect(two.hub.given.get('model-1.safetensors')).toBe(whole - 3 * 32);
    expect(Number(bytesMoved)).toBeLessThan(files['model-1.safetensors'].length / 2);
  });

  test('says of each file what it has moved of it', async () => {
    const two = sharded(2);
    await two.plan();
    const moved = new Map<string, number>();
    for (const shard of ['1/2', '2/2']) {
      const { metrics } = await two.move(shard, { metrics: 'bucket' });
      const body = two.storage.objects.get(metrics)?.body.toString() ?? '';
      const { files: rows } = JSON.parse(body) as { files: { path: string; bytes: number }[] };
      for (const { path, bytes } of rows) moved.set(path, (moved.get(path) ?? 0) + bytes);
    }
    const sizes = Object.entries(files).map(([path, { length }]) => [path, length] as const);
    expect(moved).toEqual(new Map(sizes));
  });

  test('says before how much of its share is to be moved, and how much is there', async () => {
    const two = sharded(2);
    await two.plan();
    const { bytesMoved } = await two.move('1/2');
    await two.move('1/2');
    expect(two.lines.filter((line) => line.startsWith('to stage '))).toEqual([
      `to stage  to-move="${bytesMoved} B" to-copy="0 B" there="0 B"`,
      `to stage  to-move="0 B" to-copy="0 B" there="${bytesMoved} B"`,
    ]);
  });

  test('a part of another size counts as none', async () => {
    const two = sharded(2);
    await two.plan();
    const [upload] = two.storage.uploads.values();
    upload?.parts.set(1, { body: Buffer.from('short'), etag: 'x' });
    await two.move('1/2');
    expect(upload?.parts.get(1)?.body).toHaveLength(32);
  });
});

test('an upload that takes no checksums is ended, so that the next plan opens one of our own', async () => {
  const foreign = new Set<string>();
  const two = sharded(2, {
    before: (operation, key) => {
      const [pending] = [...two.storage.uploads].filter(([, upload]) => upload.key === key);
      if (operation !== 'uploadPart' || !foreign.has(pending?.[0] ?? '')) return;
      throw refusal('InvalidRequest', 400, key);
    },
  });
  await two.plan();
  for (const [uploadId] of two.storage.uploads) foreign.add(uploadId);
  await expect(two.move('1/2')).rejects.toMatchObject({
    failure: 'not-ready',
    hint: expect.stringContaining('phase=plan'),
  });
  await two.plan();
  await Promise.all([two.move('1/2'), two.move('2/2')]);
  await expect(two.commit()).resolves.toMatchObject({ outcome: 'ok' });
});
