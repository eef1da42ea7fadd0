import { expect, test } from 'vitest';
import type { Clock } from '../../../steps/lib/retry.ts';
import { createMemoryBucket, createStorage, type Storage } from './memory-bucket.ts';
import { createMemoryHub } from './memory-hub.ts';
import { commit, manifestKey, prefix, safetensors, snapshot, stage, stillClock } from './staging.ts';

const files = { 'config.json': Buffer.from('{"a":1}'), 'model.safetensors': safetensors(90) };

async function staged(change: (storage: Storage) => void) {
  const storage = createStorage();
  const hub = createMemoryHub({ commit, files });
  await stage({ hub, bucket: createMemoryBucket({ storage }) });
  change(storage);
  const before = snapshot(storage.objects);
  const lines: string[] = [];
  const run = (params: object, timing: Timing = {}) =>
    stage({ hub, bucket: createMemoryBucket({ storage, ...timing }), params, lines, ...timing });
  return { storage, before, lines, run };
}

interface Timing {
  readonly clock?: Clock;
  readonly before?: (operation: string, key: string) => void | Promise<void>;
}

const key = `${prefix}model.safetensors`;
const overwrite = ({ objects }: Storage) => {
  const stored = objects.get(key);
  if (stored) objects.set(key, { ...stored, body: Buffer.alloc(stored.body.length) });
};

test.each([false, true])(
  'with read-back=always other bytes of the same size are found, and left (dry run: %s)',
  async (dryRun) => {
    const { storage, before, run } = await staged(overwrite);
    await expect(run({ readBack: 'always', dryRun })).rejects.toMatchObject({
      failure: 'check',
      message: 'objects have other bytes than were committed',
      evidence: [
        expect.stringMatching(/model\.safetensors has sha256 [0-9a-f]{64}, committed was [0-9a-f]{64}/),
      ],
      hint: expect.stringContaining(manifestKey),
    });
    expect(snapshot(storage.objects)).toEqual(before);
  },
);

test('what is as it was committed is unchanged, and what was read is told', async () => {
  const { lines, run } = await staged(() => {});
  await expect(run({ readBack: 'always' })).resolves.toMatchObject({ outcome: 'unchanged' });
  expect(lines.join('\n')).toMatch(/read back .*files=2 .*read-back="\d+ B"/);
});

test('what was read is in the metrics', async () => {
  const { run } = await staged(() => {});
  const { metrics } = await run({ readBack: 'always', metrics: 'result' });
  const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  expect(JSON.parse(metrics)).toMatchObject({ bytes: { moved: 0, readBack: total } });
});

test.each([false, true])(
  'a run that finds it otherwise says its metrics in its log (dry run: %s)',
  async (dryRun) => {
    const { lines, run } = await staged(({ objects }) => void objects.delete(key));
    await expect(run({ metrics: 'result', dryRun })).rejects.toMatchObject({ failure: 'check' });
    expect(lines.filter((line) => line.includes('metrics of the failed run'))).toHaveLength(1);
  },
);

test('a shard that finds it otherwise says them too', async () => {
  const { lines, run } = await staged(({ objects }) => void objects.delete(key));
  const shard = { phase: 'move', shard: '1/2', metrics: 'result' };
  await expect(run(shard)).rejects.toMatchObject({ failure: 'check' });
  expect(lines.filter((line) => line.includes('metrics of the failed run'))).toHaveLength(1);
});

test('while it is read a line says how much of how much', async () => {
  const { lines, run } = await staged(() => {});
  const { promise: secondPasses, resolve: passSecond } = Promise.withResolvers<void>();
  let naps = 0;
  const clock: Clock = {
    now: () => naps * 1000,
    sleep: (...asleep) => ((naps += 1) === 1 ? secondPasses : stillClock.sleep(...asleep)),
  };
  const before = async (operation: string, at: string) => {
    if (operation !== 'read' || at !== key) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
    passSecond();
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  await run({ readBack: 'always' }, { clock, before });
  const total = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  expect(lines.filter((line) => line.startsWith('staging '))).toEqual([
    expect.stringContaining(`done="${files['config.json'].length} B/${total} B" percent=4 `),
  ]);
});

test('a dry run of what is committed says what the run would: that it is no longer so, or that nothing is to be done', async () => {
  const clean = await staged(() => {});
  await clean.run({ dryRun: true });
  expect(clean.lines.filter((line) => /\bskip\b.*is committed/.test(line))).toHaveLength(2);
  const dirty = await staged(({ objects }) => {
    objects.set(`${prefix}stranger.txt`, { body: Buffer.from('x'), etag: 'e', metadata: {} });
  });
  await expect(dirty.run({ dryRun: true })).rejects.toThrow('no longer what was committed');
  await expect(clean.run({ dryRun: true, ignore: ['config.json'] })).rejects.toThrow('another selection');
});
