import { describe, expect, test } from 'vitest';
import { manifestDigest, parseManifest } from '../../../steps/lib/manifest.ts';
import { vocabulary } from '../../../steps/lib/vocabulary.ts';
import { jsonLimit } from '../../../steps/stage-model/policy/policy.ts';
import { createMemoryBucket, createStorage } from './memory-bucket.ts';
import { createMemoryHub } from './memory-hub.ts';
import { hubHash } from './sources.ts';
import { commit, manifestKey, model, prefix, safetensors, stage } from './staging.ts';

const files = {
  'config.json': Buffer.from('{"model_type":"llama"}'),
  'model.safetensors': safetensors(100),
  'original/model.safetensors': safetensors(5),
  'empty.txt': Buffer.alloc(0),
};

describe('a first run', () => {
  test('stores what is chosen byte for byte, and the manifest last', async () => {
    const storage = createStorage();
    const order: string[] = [];
    const bucket = createMemoryBucket({
      storage,
      after: (operation, key) => {
        if (operation === 'put' || operation === 'completeUpload') order.push(key);
      },
    });
    const results = await stage({ hub: createMemoryHub({ commit, files }), bucket });
    const marker = storage.objects.get(manifestKey)?.body ?? Buffer.alloc(0);
    expect(results).toEqual({
      revision: commit,
      prefix,
      bytesMoved: String(files['config.json'].length + files['model.safetensors'].length),
      manifestDigest: manifestDigest(marker),
      shards: ['1/1'],
      metrics: '',
      outcome: 'ok',
    });
    expect(order.at(-1)).toBe(manifestKey);
    for (const path of ['config.json', 'model.safetensors', 'empty.txt'] as const)
      expect(storage.objects.get(prefix + path)?.body).toEqual(files[path]);
    expect([...storage.objects.keys()]).toHaveLength(4);
    expect(storage.uploads.size).toBe(0);
    expect(parseManifest(marker, 'test')).toMatchObject({
      repository: model,
      commit,
      prefix,
      vocabulary: null,
    });
  });

  test('puts the vocabulary beside a gpt-oss model, as config.json tells', async () => {
    const storage = createStorage();
    const gptOss = { ...files, 'config.json': Buffer.from('{"model_type":"gpt_oss"}') };
    await stage({
      hub: createMemoryHub({ commit, files: gptOss }),
      bucket: createMemoryBucket({ storage }),
      params: { vocabulary: 'auto' },
    });
    expect(storage.objects.get(prefix + vocabulary.file)?.body).toHaveLength(vocabulary.size);
    expect(
      parseManifest(storage.objects.get(manifestKey)?.body ?? Buffer.alloc(0), 'test').vocabulary?.sha256,
    ).toBe(vocabulary.sha256);
  });
});

test.each([
  ['the content', 'config.json', '{"auto_map":{"AutoModel":"m.X"}}'],
  ['the name', 'modeling.py', 'print(1)'],
])('a review of what %s shows that is taken back counts no more', async (_what, path, text) => {
  const reviewed = { ...files, [path]: Buffer.from(text) };
  const hub = createMemoryHub({ commit, files: reviewed });
  const bucket = createMemoryBucket({ storage: createStorage() });
  const allowCode = [hubHash(path, Buffer.from(text))];
  await stage({ hub, bucket, params: { allowCode } });
  expect(await stage({ hub, bucket, params: { allowCode } })).toMatchObject({ outcome: 'unchanged' });
  for (const dryRun of [true, false]) {
    await expect(stage({ hub, bucket, params: { dryRun } })).rejects.toMatchObject({
      message: expect.stringContaining('the policy refuses one thing'),
      evidence: [expect.stringContaining(path)],
    });
  }
});

describe('a source that gives other bytes to the first look', () => {
  const pickle = Buffer.concat([Buffer.from([0x80, 4]), Buffer.from('cposix\nsystem\n')]);
  const large = Buffer.concat([pickle], jsonLimit + 1);
  const torn = Buffer.from(safetensors(100).toString('latin1').replace('[0,100]', '[0,101]'), 'latin1');
  const lying = (path: string, bytes: Buffer, harmless: Buffer, looks: number) => {
    let reads = 0;
    return createMemoryHub({
      commit,
      chunk: 1 << 20,
      files: { ...files, [path]: bytes },
      serve: (asked, right) => (asked === path && (reads += 1) <= looks ? harmless : right),
    });
  };
  test.each([
    ['notes.txt', pickle, Buffer.alloc(pickle.length, 'a'), 1],
    ['large.txt', large, Buffer.alloc(large.length, 'a'), 1],
    ['torn.safetensors', torn, safetensors(100), 2],
  ])('%s is not committed', async (path, bytes, harmless, looks) => {
    const hub = lying(path, bytes, harmless, looks);
    const storage = createStorage();
    const bucket = createMemoryBucket({ storage });
    await expect(stage({ hub, bucket, params: { partSize: 1 << 20 } })).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('the policy refuses one thing'),
      evidence: [expect.stringContaining(path)],
    });
    expect(storage.objects.has(manifestKey)).toBe(false);
  });

  test('a review of what the object shows stands in the manifest, and taken back it counts no more', async () => {
    const storage = createStorage();
    const bucket = createMemoryBucket({ storage });
    const run = (allowCode: string[]) => {
      const hub = lying('large.txt', large, Buffer.alloc(large.length, 'a'), 1);
      return stage({ hub, bucket, params: { partSize: 1 << 20, allowCode } });
    };
    const hash = hubHash('large.txt', large);
    await run([hash]);
    const marker = storage.objects.get(manifestKey)?.body ?? Buffer.alloc(0);
    expect(parseManifest(marker, 'test').policy).toContainEqual({
      rule: 'no code, no pickles',
      verdict: `reviewed: large.txt ${hash}`,
    });
    await expect(run([])).rejects.toMatchObject({
      failure: 'check',
      evidence: [expect.stringContaining('large.txt')],
    });
  });
});
