import { describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { type Manifest, manifestDigest, renderManifest } from '../../../steps/lib/manifest.ts';
import {
  commit as commitManifest,
  demandAsStaged,
  demandSameFiles,
} from '../../../steps/stage-model/commit.ts';
import { createMover, type Mover } from './mover.ts';
import { commit, manifestKey, model, prefix } from './staging.ts';

const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
const manifest: Manifest = {
  repository: model,
  commit,
  prefix,
  selection: [],
  files: [{ path: 'a.txt', size: 5, digest }],
  policy: [],
  vocabulary: null,
  tool: 'llm-rollout 0.1.0',
};

async function withObject(
  body = 'hello',
  options: Partial<Parameters<typeof createMover>[0]> = {},
): Promise<Mover> {
  const mover = await createMover({ files: {}, ...options });
  mover.storage.objects.set(`${prefix}a.txt`, { body: Buffer.from(body), etag: 'e', metadata: {} });
  return mover;
}

describe('commit', () => {
  test('writes the manifest and gives it with its digest', async () => {
    const { storage, transfer } = await withObject();
    expect(await commitManifest(manifest, transfer)).toMatchObject({
      key: manifestKey,
      digest: manifestDigest(renderManifest(manifest)),
    });
    expect(storage.objects.get(manifestKey)?.body).toEqual(renderManifest(manifest));
  });

  test('F30: does not when an object has another size than was written', async () => {
    const { storage, transfer } = await withObject('hell');
    await expect(commitManifest(manifest, transfer)).rejects.toMatchObject({
      failure: 'check',
      message: 'the bucket does not hold what was written',
      evidence: [expect.stringContaining('a.txt has 4 bytes, the manifest says 5')],
    });
    expect(storage.objects.has(manifestKey)).toBe(false);
  });

  test('F39: leaves the marker when its second look at the bucket fails: that says nothing of the bytes', async () => {
    let looks = 0;
    const { storage, transfer } = await withObject('hello', {
      bucket: {
        before: (operation) => {
          if (operation !== 'list') return;
          looks += 1;
          if (looks === 2)
            throw new StepError('check', 'the listing comes back to its beginning', { hint: '' });
        },
      },
    });
    await expect(commitManifest(manifest, transfer)).rejects.toThrow('comes back to its beginning');
    expect(storage.objects.has(manifestKey)).toBe(true);
  });

  test('F39: takes the manifest of a run that was first, though another version wrote it', async () => {
    const { storage, transfer } = await withObject();
    const first = renderManifest({ ...manifest, tool: 'llm-rollout 0.2.0' });
    storage.objects.set(manifestKey, { body: first, etag: 'e', metadata: {} });
    expect((await commitManifest(manifest, transfer)).digest).toBe(manifestDigest(first));
    expect(storage.objects.get(manifestKey)?.body).toEqual(first);
  });

  test('F39: the marker of a run that came between its own look and its own marker stays', async () => {
    const first = renderManifest({ ...manifest, tool: 'llm-rollout 0.2.0' });
    const { storage, transfer } = await withObject('hello', {
      bucket: {
        before: (operation, key) => {
          if (operation !== 'put' || key !== manifestKey) return;
          objects().set(manifestKey, { body: first, etag: 'e', metadata: {} });
        },
      },
    });
    const objects = () => storage.objects;
    expect((await commitManifest(manifest, transfer)).digest).toBe(manifestDigest(first));
    expect(storage.objects.get(manifestKey)?.body).toEqual(first);
  });

  test('F39: a marker that is there is not written again, for some servers ignore the condition', async () => {
    const puts: string[] = [];
    const { storage, transfer } = await withObject('hello', {
      bucket: { before: (operation, key) => void (operation === 'put' && puts.push(key)) },
    });
    storage.objects.set(manifestKey, { body: renderManifest(manifest), etag: 'e', metadata: {} });
    await commitManifest(manifest, transfer);
    expect(puts).toEqual([]);
  });

  test.each([
    ['removes a file', (objects: Map<string, unknown>) => objects.delete(`${prefix}a.txt`)],
    [
      'adds one',
      (objects: Map<string, unknown>) =>
        objects.set(`${prefix}b.txt`, { body: Buffer.from('x'), etag: 'e', metadata: {} }),
    ],
  ])('takes its marker back when another run %s meanwhile', async (_title, change) => {
    const { storage, transfer } = await withObject('hello', {
      bucket: { after: (operation) => void (operation === 'put' && change(objects())) },
    });
    const objects = () => storage.objects;
    await expect(commitManifest(manifest, transfer)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('while it was committed'),
    });
    expect(storage.objects.has(manifestKey)).toBe(false);
  });

  test.each<[string, (objects: Mover['storage']['objects']) => void]>([
    ['was there', () => {}],
    ['came between the look and its own', (objects) => objects.delete(manifestKey)],
  ])(
    'F39: leaves the marker of another run that %s, whatever is changed afterwards',
    async (_title, hide) => {
      const theirs = renderManifest({ ...manifest, tool: 'llm-rollout 0.2.0' });
      let lists = 0;
      const { storage, transfer } = await withObject('hello', {
        bucket: {
          before: (operation, key) => {
            const { objects } = storage;
            if (operation === 'put' && key === manifestKey)
              objects.set(manifestKey, { body: theirs, etag: 'e', metadata: {} });
            if (operation === 'list' && (lists += 1) === 2)
              objects.set(`${prefix}stray`, { body: Buffer.from('x'), etag: 'e', metadata: {} });
          },
        },
      });
      storage.objects.set(manifestKey, { body: theirs, etag: 'e', metadata: {} });
      hide(storage.objects);
      await expect(commitManifest(manifest, transfer)).rejects.toMatchObject({
        failure: 'check',
        message: 'what lies under the prefix is no longer what was committed',
        evidence: [expect.stringContaining('stray is there and not in the manifest')],
      });
      expect(storage.objects.get(manifestKey)?.body).toEqual(theirs);
    },
  );

  test.each([
    ['before the marker', 1],
    ['after it', 2],
  ])('F38: a listing that is late %s says nothing: HEADs decide', async (_title, late) => {
    const { storage, transfer } = await withObject();
    const { bucket } = transfer;
    let lists = 0;
    const gone = { key: `${prefix}gone`, size: 1, etag: 'e' };
    const eventual = {
      ...bucket,
      list: async (start: string) => ((lists += 1) === late ? [gone] : bucket.list(start)),
    };
    await commitManifest(manifest, { ...transfer, bucket: eventual });
    expect(lists).toBe(2);
    expect(storage.objects.has(manifestKey)).toBe(true);
  });

  test('F38: a staged commit is not called changed by a listing that is late', async () => {
    const { transfer } = await withObject();
    const eventual = { ...transfer.bucket, list: async () => [] };
    await expect(demandAsStaged(manifest, { ...transfer, bucket: eventual })).resolves.toBeUndefined();
  });

  test('of very many differences only as many are asked for as are shown', async () => {
    let heads = 0;
    const { storage, transfer } = await withObject('hello', {
      bucket: { before: (operation) => void (operation === 'head' && (heads += 1)) },
    });
    for (let i = 0; i < 100; i += 1)
      storage.objects.set(`${prefix}stray-${i}`, { body: Buffer.from('x'), etag: 'e', metadata: {} });
    const evidence = Array.from({ length: 10 }, () => expect.stringContaining('stray-'));
    await expect(commitManifest(manifest, transfer)).rejects.toMatchObject({
      evidence: [...evidence, expect.stringContaining('and 90 more')],
    });
    expect(heads).toBeLessThan(50);
  });

  test('a marker that is gone at once is not a commit', async () => {
    const { transfer, storage } = await withObject('hello', {
      bucket: { after: (operation) => void (operation === 'put' && objects().delete(manifestKey)) },
    });
    const objects = () => storage.objects;
    await expect(commitManifest(manifest, transfer)).rejects.toThrow('gone right after it was written');
  });
});

describe('demandSameFiles', () => {
  const vocabulary = { path: 'o200k_base.tiktoken', size: 1, sha256: 'b'.repeat(64) };
  test.each<[string, Partial<Manifest>, RegExp | undefined]>([
    [
      'the same, by another tool, rules and part size',
      { tool: 'x', selection: ['y'], files: [{ path: 'a.txt', size: 5, digest, partSize: 9 }] },
      undefined,
    ],
    [
      'a file more',
      { files: [...manifest.files, { path: 'b', size: 1, digest }] },
      /b: committed without it, now 1 bytes/,
    ],
    ['a file less', { files: [] }, /a\.txt: committed 5 bytes, .* now left out/],
    [
      'another hash',
      { files: [{ path: 'a.txt', size: 5, digest: { algorithm: 'sha256', hex: 'c' } }] },
      /a\.txt: committed .*aaa, now .*sha256 c/,
    ],
    ['a vocabulary more', { vocabulary }, /o200k_base\.tiktoken: committed without it/],
    [
      'another place',
      { prefix: 'elsewhere/' },
      /lies under models\/acme\/tiny\/.*, now asked for elsewhere\//,
    ],
  ])('%s', async (_title, change, why) => {
    const { transfer } = await createMover({ files: {} });
    const demand = () => demandSameFiles(manifest, { ...manifest, ...change }, transfer.bucket);
    if (!why) expect(demand).not.toThrow();
    else {
      expect(demand).toThrow(StepError);
      try {
        demand();
      } catch (error) {
        expect((error as StepError).evidence.join('\n')).toMatch(why);
      }
    }
  });

  test('of very many differences ten are shown', async () => {
    const { transfer } = await createMover({ files: {} });
    const files = Array.from({ length: 20 }, (_, i) => ({ path: `f${i}`, size: 1, digest }));
    try {
      demandSameFiles(manifest, { ...manifest, files }, transfer.bucket);
    } catch (error) {
      expect((error as StepError).evidence).toHaveLength(11);
      expect((error as StepError).evidence.at(-1)).toContain('and 11 more');
    }
    expect.assertions(2);
  });
});
