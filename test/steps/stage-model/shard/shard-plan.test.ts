import { describe, expect, test } from 'vitest';
import { placeOf } from '../../../../steps/stage-model/place.ts';
import { readPlan } from '../../../../steps/stage-model/shard/shard-plan.ts';
import { createMemoryBucket } from '../memory-bucket.ts';
import { files, sharded, shardsFolder } from '../sharded.ts';
import { commit, model, prefix } from '../staging.ts';

describe('the plan in the bucket', () => {
  test('says what is staged, who sees to what, and where parts go; the same plan has the same bytes', async () => {
    const one = sharded(2);
    await one.plan();
    const plan = one.stored();
    const [uploadId = ''] = one.storage.uploads.keys();
    expect(plan).toMatchObject({
      schema: 1,
      repository: model,
      commit,
      prefix,
      uploads: { 'model-1.safetensors': uploadId },
      shares: [
        { shard: '1/2', spans: [{ path: 'model-1.safetensors', first: 1, last: 9 }] },
        { shard: '2/2', spans: [{ path: 'model-1.safetensors', first: 10, last: 15 }] },
      ],
    });
    expect(plan.shares.flatMap((share) => share.files).sort()).toEqual(
      Object.keys(files)
        .filter((path) => path !== 'model-1.safetensors')
        .sort(),
    );
    const before = one.storage.objects.get(`${shardsFolder}2.json`)?.body;
    one.storage.objects.delete(`${shardsFolder}2.json`);
    await one.plan();
    expect(one.storage.objects.get(`${shardsFolder}2.json`)?.body).toEqual(before);
  });
});

test('no file has an upload by its name alone, were it `constructor`', async () => {
  const two = sharded(2);
  await two.plan();
  const stored = await readPlan(placeOf({ model, prefix: '', statePrefix: '.llm-rollout' }, commit), 2, {
    bucket: createMemoryBucket({ storage: two.storage }),
    signal: new AbortController().signal,
  });
  expect(stored?.plan.uploads).toEqual(two.stored().uploads);
  expect(stored?.plan.uploads['constructor']).toBeUndefined();
});

describe('a run that belongs to no plan', () => {
  test.each(['move', 'commit'] as const)(
    'phase %s asks for one, and names those that are there',
    async (phase) => {
      const three = sharded(3);
      await three.plan();
      const failed = phase === 'move' ? three.move('1/4') : three.commit({ shards: 4 });
      await expect(failed).rejects.toMatchObject({
        failure: 'not-ready',
        message: 'nobody has planned this commit for 4 shards',
        evidence: [
          expect.stringContaining(`${shardsFolder}4.json`),
          expect.stringContaining(`${shardsFolder}3.json is there`),
        ],
        hint: expect.stringContaining(`phase=plan --param shards=4 --param revision=${commit}`),
      });
    },
  );

  test.each([
    [{ ignore: ['model-2*'] }, 'model-2.safetensors: planned'],
    [{ partSize: 64 }, 'in parts of 32, now 465 bytes'],
    [{ prefix: 'elsewhere' }, 'prefix: planned models/acme/tiny'],
    [{ ignore: ['nothing.*'] }, 'selection: planned'],
  ])('with %j it says in what it differs', async (params, line) => {
    const two = sharded(2);
    await two.plan();
    await expect(two.move('1/2', params)).rejects.toMatchObject({
      failure: 'check',
      message: 'the plan is for another selection of files',
    });
    const { evidence } = (await two.move('1/2', params).catch((error: unknown) => error)) as {
      evidence: string[];
    };
    expect(evidence.join('\n')).toContain(line);
  });

  test('a plan that is not ours is refused, and made anew by phase plan', async () => {
    const two = sharded(2);
    const key = `${shardsFolder}2.json`;
    two.storage.objects.set(key, { body: Buffer.from('{"schema":99}'), etag: 'x', metadata: {} });
    await expect(two.move('1/2')).rejects.toMatchObject({
      failure: 'check',
      message: 'the plan of the shards is not one of ours',
    });
    await two.plan();
    await expect(two.move('1/2')).resolves.toMatchObject({ outcome: 'ok' });
  });
});
