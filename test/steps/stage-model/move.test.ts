import { describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { buffersFor } from '../../../steps/stage-model/move.ts';
import { createMemoryBucket, createStorage, refusal } from './memory-bucket.ts';
import { createMemoryHub } from './memory-hub.ts';
import { commit, manifestKey, prefix, safetensors, stage } from './staging.ts';

const files = { 'a.txt': Buffer.from('a'), 'model.safetensors': safetensors(200) };

test.each([
  [1, 2],
  [2, 3],
  [5, 8],
  [8, 8],
  [64, 8],
])('%i connections have %i buffers', (connections, buffers) => {
  expect(buffersFor(connections)).toBe(buffers);
});

test('never more ranges at once than connections', async () => {
  let reading = 0;
  let most = 0;
  const hub = createMemoryHub({ commit, files });
  const counted = {
    ...hub,
    readRange: async function* (...args: Parameters<typeof hub.readRange>) {
      reading += 1;
      most = Math.max(most, reading);
      await new Promise((resolve) => setImmediate(resolve));
      yield* hub.readRange(...args);
      reading -= 1;
    },
  };
  await stage({
    hub: counted,
    bucket: createMemoryBucket({ storage: createStorage() }),
    params: { connections: 3 },
  });
  expect(most).toBe(3);
});

describe('another run commits while this one moves', () => {
  const other = async () => {
    const storage = createStorage();
    const results = await stage({
      hub: createMemoryHub({ commit, files }),
      bucket: createMemoryBucket({ storage }),
    });
    return { storage, results };
  };

  test.each(['uploadPart', 'completeUpload', 'head', 'createUpload'] as const)(
    'and its marker appears before a %s: this one ends well and writes nothing more',
    async (moment) => {
      const { storage: theirs, results } = await other();
      const storage = createStorage();
      let committed = false;
      const writes: string[] = [];
      const bucket = createMemoryBucket({
        storage,
        before: (operation, key) => {
          if (key.includes('/probe/')) return;
          if (committed && ['put', 'completeUpload', 'copy', 'delete'].includes(operation)) writes.push(key);
          if (operation !== moment || committed) return;
          committed = true;
          for (const [key, object] of theirs.objects) storage.objects.set(key, object);
          // Their clean-up takes our uploads away.
          storage.uploads.clear();
        },
      });
      const ours = await stage({
        hub: createMemoryHub({ commit, files }),
        bucket,
        params: { connections: 1 },
      });
      expect(ours).toMatchObject({ manifestDigest: results.manifestDigest, outcome: 'unchanged' });
      expect(writes).toEqual([]);
    },
  );

  test('with another selection: this one says so', async () => {
    const { storage: theirs } = await other();
    const storage = createStorage();
    const bucket = createMemoryBucket({
      storage,
      before: (operation) => {
        if (operation === 'createUpload')
          for (const [key, object] of theirs.objects) storage.objects.set(key, object);
      },
    });
    const run = stage({ hub: createMemoryHub({ commit, files }), bucket, params: { ignore: ['a.txt'] } });
    await expect(run).rejects.toThrow('already staged with another selection');
  });
});

describe('before anything is moved a line says how much there is to do', () => {
  const size = files['a.txt'].length + files['model.safetensors'].length;
  const toStage = (lines: readonly string[]) => lines.filter((line) => line.startsWith('to stage '));

  test('to move, and what is there of a run that was killed', async () => {
    const storage = createStorage();
    const hub = createMemoryHub({ commit, files });
    let parts = 0;
    const before = (operation: string, key: string) => {
      if (operation !== 'uploadPart' || !key.startsWith(prefix)) return;
      parts += 1;
      if (parts > 2) throw new Error('killed');
    };
    const lines: string[] = [];
    const run = (options: object) =>
      stage({ hub, bucket: createMemoryBucket({ storage, ...options }), lines, params: { connections: 1 } });
    await expect(run({ before })).rejects.toThrow('killed');
    await run({});
    expect(toStage(lines)).toEqual([
      `to stage  to-move="${size} B" to-copy="0 B" there="0 B"`,
      `to stage  to-move="${size - 32} B" to-copy="0 B" there="32 B"`,
    ]);
  });

  test('F35: and when the bucket is full, the error says it again', async () => {
    const bucket = createMemoryBucket({
      storage: createStorage(),
      before: (operation, key) => {
        if (operation === 'uploadPart' && key.startsWith(prefix)) throw refusal('QuotaExceeded', 403, key);
      },
    });
    await expect(stage({ hub: createMemoryHub({ commit, files }), bucket })).rejects.toMatchObject({
      evidence: [
        expect.stringContaining('QuotaExceeded'),
        expect.stringContaining(`needed: ${size} B to move and 0 B to copy, beside 0 B that lay there`),
      ],
    });
  });
});

test('an error is told as it is when nobody has committed, even if the marker cannot be looked for', async () => {
  let down = false;
  const bucket = createMemoryBucket({
    storage: createStorage(),
    before: (operation, key) => {
      if (operation === 'uploadPart' && key.startsWith(prefix)) down = true;
      if (down) throw new StepError('unavailable', `down at ${operation}`, { hint: 'wait' });
    },
  });
  await expect(stage({ hub: createMemoryHub({ commit, files }), bucket })).rejects.toThrow(
    'down at uploadPart',
  );
});

test('a part larger than asked for takes fewer buffers, never more memory', async () => {
  const storage = createStorage();
  const large = { 'model.safetensors': safetensors(3000) };
  const limits = { maxParts: 10, minPartSize: 4, maxPartSize: 1000, alignment: 4 };
  let lent = 0;
  let most = 0;
  const hub = createMemoryHub({ commit, files: large });
  const bucket = createMemoryBucket({
    storage,
    before: async (operation) => {
      if (operation !== 'uploadPart') return;
      lent += 1;
      most = Math.max(most, lent);
      await new Promise((resolve) => setImmediate(resolve));
      lent -= 1;
    },
  });
  await stage({ hub, bucket, params: { partSize: 100, connections: 4 }, limits });
  expect(storage.objects.get(`${prefix}model.safetensors`)?.body).toEqual(large['model.safetensors']);
  // Six buffers of 100 bytes were granted; parts of 308 bytes leave room for one.
  expect(most).toBe(1);
  expect(storage.objects.has(manifestKey)).toBe(true);
});
