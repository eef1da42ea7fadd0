import { mkdtemp } from 'node:fs/promises';
import { appendFileSync, renameSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { StepError } from '../../../../steps/lib/errors.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { parseManifest } from '../../../../steps/lib/manifest.ts';
import { bucketOrigin } from '../../../../steps/stage-model/source/bucket-origin.ts';
import { folderOrigin } from '../../../../steps/stage-model/source/folder-origin.ts';
import { contentIdentity } from '../../../../steps/stage-model/source/identity.ts';
import type { Origin } from '../../../../steps/stage-model/source/origin.ts';
import { createMemoryBucket, createStorage, type Storage } from '../memory-bucket.ts';
import { createMemoryHub } from '../memory-hub.ts';
import {
  hashOf,
  layCache,
  layDownload,
  layFiles,
  layObjects,
  makeFolder,
  notesOf,
  type Tree,
} from '../sources.ts';
import { commit, defaults, prefix, safetensors, snapshot, stage, stillClock } from '../staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

const silent = createLog({ write: () => true, env: {}, step: 'stage-model' });

/** Files of no, one and many parts, in folders, some of them ignored. */
const trees: fc.Arbitrary<Tree> = fc
  .record({
    weights: fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 2 }),
    texts: fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 3 }),
    ignored: fc.boolean(),
  })
  .map(({ weights, texts, ignored }) => ({
    ...Object.fromEntries(weights.map((size, i) => [`weights/model-${i}.safetensors`, safetensors(size, i)])),
    ...Object.fromEntries(texts.map((text, i) => [`text ${i}.txt`, Buffer.from([0x20, ...text])])),
    ...(ignored ? { 'original/model.safetensors': safetensors(7) } : {}),
  }));

const shapes = {
  tree: trees,
  partSize: fc.integer({ min: 4, max: 40 }),
  connections: fc.integer({ min: 1, max: 4 }),
};

function fromFolder(path: string, log = silent): Origin {
  return folderOrigin({ path, rules: [], revision: 'main', log, clock: stillClock });
}

function fromBucket(storage: Storage, prefix: string): Origin {
  return bucketOrigin({
    bucket: createMemoryBucket({ storage }),
    prefix,
    params: defaults,
    destination: { ...createMemoryBucket({ storage: createStorage() }), where: 's3://out at memory' },
    log: silent,
    clock: stillClock,
  });
}

async function stageFrom(origin: Origin | undefined, tree: Tree, params: Partial<typeof defaults>) {
  const storage = createStorage();
  const hub = createMemoryHub({ commit, files: tree });
  const results = await stage({
    bucket: createMemoryBucket({ storage }),
    params,
    ...(origin ? { origin } : { hub }),
  });
  return { storage, seen: { results, objects: snapshot(storage.objects) } };
}

test('from wherever a commit comes, the bucket ends with the same bytes and the same manifest', async () => {
  const folder = await makeFolder();
  await fc.assert(
    fc.asyncProperty(fc.record(shapes), async ({ tree, ...params }) => {
      const { storage: staged, seen: wanted } = await stageFrom(undefined, tree, params);
      const own = await mkdtemp(join(folder, 'x'));
      await layDownload(join(own, 'download'), tree, commit);
      const cached = await layCache(join(own, 'cache'), tree, commit);
      const copied = createStorage();
      layObjects(copied, 'copy/', { ...tree, ...notesOf(tree, commit) });
      const origins = [
        fromFolder(join(own, 'download')),
        fromFolder(cached),
        fromBucket(staged, prefix),
        fromBucket(copied, 'copy/'),
      ];
      for (const origin of origins) expect((await stageFrom(origin, tree, params)).seen).toEqual(wanted);
    }),
    { numRuns: 40 },
  );
});

test('files without a commit get the same one in a folder and in a bucket, and exactly they lie there', async () => {
  const folder = await makeFolder();
  await fc.assert(
    fc.asyncProperty(fc.record(shapes), async ({ tree, ...params }) => {
      const own = await mkdtemp(join(folder, 'x'));
      await layFiles(own, tree);
      const { seen, storage } = await stageFrom(fromFolder(own), tree, params);
      const objects = createStorage();
      layObjects(objects, 'any/', tree);
      expect((await stageFrom(fromBucket(objects, 'any/'), tree, params)).seen).toEqual(seen);
      const kept = Object.entries(tree).filter(([path]) => !path.startsWith('original/'));
      expect(filesIn(storage, seen.results.prefix)).toEqual(
        Object.fromEntries(kept.map(([path, bytes]) => [path, bytes.toString('latin1')])),
      );
      const again = await stage({
        bucket: createMemoryBucket({ storage }),
        params: { ...params, revision: seen.results.revision },
        origin: folderOrigin({
          path: own,
          rules: [],
          revision: seen.results.revision,
          log: silent,
          clock: stillClock,
        }),
      });
      expect(again).toEqual({ ...seen.results, bytesMoved: '0', outcome: 'unchanged' });
    }),
    { numRuns: 40 },
  );
});

const changes = {
  grown: (path: string) => appendFileSync(path, 'more'),
  cut: (path: string) => truncateSync(path, 3),
  replaced: (path: string) => {
    writeFileSync(`${path}.new`, 'something else');
    renameSync(`${path}.new`, path);
  },
  /** What no stat shows. */
  'written to in secret': (path: string) => {
    const { size, atime, mtime } = statSync(path);
    writeFileSync(path, Buffer.alloc(size, 0x20));
    utimesSync(path, atime, mtime);
  },
};

test('whenever somebody changes a file of the folder, the run fails without a manifest, or the manifest tells what lies there', async () => {
  const folder = await makeFolder();
  const change = fc.record({
    kind: fc.constantFrom(...(Object.keys(changes) as (keyof typeof changes)[])),
    at: fc.nat(12),
    file: fc.nat(5),
  });
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.record(shapes), change, async ({ tree, ...params }, { kind, at, file }) => {
      const own = await mkdtemp(join(folder, 'x'));
      await layFiles(own, tree);
      const path = join(own, Object.keys(tree)[file % Object.keys(tree).length] ?? '');
      let moments = 0;
      const moment = () => {
        if (moments === at) changes[kind](path);
        moments += 1;
      };
      // The first moment is the line that is written between the listing and the hashing.
      const log = createLog({ write: moment, env: {}, step: 'stage-model' });
      const storage = createStorage();
      const ended = await stage({
        bucket: createMemoryBucket({ storage }),
        params,
        origin: eachRead(fromFolder(own, log), moment),
      }).then(
        () => 'ok',
        (error: unknown) => error,
      );
      const [manifestKey] = [...storage.objects.keys()].filter((key) => key.includes('/manifests/'));
      ends.add(typeof ended === 'string' ? ended : (ended as StepError).message.replace(/^.* has/, 'has'));
      if (ended !== 'ok') {
        expect(ended).toBeInstanceOf(StepError);
        expect(ended).toMatchObject({ failure: 'check', hint: expect.stringMatching(/./) });
        expect(manifestKey).toBeUndefined();
        return;
      }
      const body = storage.objects.get(manifestKey ?? '')?.body ?? Buffer.alloc(0);
      const { files, prefix, commit } = parseManifest(body, 'test');
      for (const { path, digest } of files)
        expect(hashOf(digest.algorithm, storage.objects.get(prefix + path)?.body ?? Buffer.alloc(0))).toBe(
          digest.hex,
        );
      if (!('original/model.safetensors' in tree)) expect(contentIdentity(files)).toBe(commit);
    }),
    { numRuns: 150 },
  );
  expect(ends).toContain('ok');
  expect(ends).toContain('has changed while it was read');
});

function eachRead(origin: Origin, moment: () => void): Origin {
  return {
    async open(signal) {
      const snapshot = await origin.open(signal);
      const { source } = snapshot;
      async function* read(...asked: Parameters<typeof source.read>) {
        moment();
        for await (const chunk of source.read(...asked)) {
          moment();
          yield chunk;
        }
      }
      return { ...snapshot, source: { ...source, read } };
    },
  };
}

function filesIn(storage: Storage, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(snapshot(storage.objects))
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => [key.slice(prefix.length), text]),
  );
}
