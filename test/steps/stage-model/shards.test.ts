import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Bucket } from '../../../steps/lib/bucket.ts';
import type { Hub } from '../../../steps/lib/hub.ts';
import { createMemoryBucket, createStorage, type Storage } from './memory-bucket.ts';
import { createMemoryHub } from './memory-hub.ts';
import { commit, manifestKey, prefix, safetensors, snapshot, stage } from './staging.ts';

/** Only so that a hang ends; a busy machine takes many times what a quiet one does. */
vi.setConfig({ testTimeout: 180_000 });

type Files = Record<string, Buffer>;

const trees: fc.Arbitrary<Files> = fc
  .record({
    weights: fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 4 }),
    texts: fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 3 }),
  })
  .map(({ weights, texts }) => ({
    ...Object.fromEntries(weights.map((size, i) => [`weights/model-${i}.safetensors`, safetensors(size, i)])),
    ...Object.fromEntries(texts.map((text, i) => [`text-${i}.txt`, Buffer.from([0x20, ...text])])),
  }));

const runs = fc.record({
  files: trees,
  count: fc.integer({ min: 1, max: 5 }),
  partSize: fc.integer({ min: 4, max: 40 }),
  connections: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer(),
  readBack: fc.constantFrom('auto' as const, 'always' as const),
});

type Run = typeof runs extends fc.Arbitrary<infer T> ? T : never;

const violations: string[] = [];
afterEach(() => {
  const seen = violations.splice(0);
  if (seen.length > 0) throw new Error(seen.join('\n'));
});

test('planned, moved by all shards at once and committed: what a run alone leaves, each part sent once, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(runs, async (run) => {
      const storage = createStorage();
      const sent: string[] = [];
      const at = place(storage, run, (operation, key) => {
        if (operation === 'uploadPart' && key.startsWith(prefix)) sent.push(key);
      });
      const planned = await phase(at, run, { phase: 'plan', shards: run.count });
      expect(planned.shards).toEqual(names(run.count));
      const moved = await Promise.all(
        names(run.count).map((shard) => phase(at, run, { phase: 'move', shard })),
      );
      const { storage: alone, results } = await runAlone(run);
      expect(storage.objects.has(manifestKey)).toBe(false);
      const committed = await phase(at, run, { phase: 'commit', shards: run.count });
      expect(committed).toEqual({ ...results, shards: names(run.count) });
      expect(moved.reduce((sum, { bytesMoved }) => sum + Number(bytesMoved), 0)).toBe(
        Number(results.bytesMoved),
      );
      expect(snapshot(storage.objects)).toEqual(snapshot(alone.objects));
      expect(storage.uploads.size).toBe(0);
      expect(sent).toHaveLength(partsOf(run));
    }),
    { numRuns: 100 },
  );
});

test('with kills in between, in any order, lost shards retried alone: the same objects, the same manifest', async () => {
  const kills = fc.array(fc.record({ shard: fc.nat(4), after: fc.integer({ min: 1, max: 60 }) }), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(runs, kills, fc.integer({ min: 1, max: 60 }), async (run, kills, commitKill) => {
      const storage = createStorage();
      const { storage: alone, results } = await runAlone(run);
      await phase(dying(storage, run, commitKill), run, { phase: 'plan', shards: run.count }).catch(() => {});
      const at = place(storage, run);
      await phase(at, run, { phase: 'plan', shards: run.count });
      await Promise.all(
        kills.map(({ shard, after }) =>
          phase(dying(storage, run, after), run, {
            phase: 'move',
            shard: `${(shard % run.count) + 1}/${run.count}`,
          }).catch(() => {}),
        ),
      );
      for (const shard of names(run.count).toReversed()) await phase(at, run, { phase: 'move', shard });
      await phase(dying(storage, run, commitKill), run, { phase: 'commit', shards: run.count }).catch(
        () => {},
      );
      const committed = await phase(at, run, { phase: 'commit', shards: run.count });
      expect(committed.manifestDigest).toBe(results.manifestDigest);
      expect(snapshot(storage.objects)).toEqual(snapshot(alone.objects));
      expect(storage.uploads.size).toBe(0);
    }),
    { numRuns: 150 },
  );
});

test('commit never succeeds while a part or a file is missing, and names the shard that owes it', async () => {
  await fc.assert(
    fc.asyncProperty(runs, fc.nat(), async (run, pick) => {
      const storage = createStorage();
      const at = place(storage, run);
      await phase(at, run, { phase: 'plan', shards: run.count });
      for (const shard of names(run.count)) await phase(at, run, { phase: 'move', shard });
      const lost = takeAway(storage, pick);
      const failed: unknown = await phase(at, run, { phase: 'commit', shards: run.count }).catch(
        (error: unknown) => error,
      );
      expect(failed).toMatchObject({ failure: 'not-ready', hint: expect.stringMatching(/phase=move/) });
      const { evidence } = failed as { evidence: string[] };
      expect(evidence.join('\n')).toContain(lost);
      const [, owing] = /shard (\d\/\d) owes it/.exec(evidence[0] ?? '') ?? [];
      expect(storage.objects.has(manifestKey)).toBe(false);
      await phase(at, run, { phase: 'move', shard: owing ?? '' });
      await phase(at, run, { phase: 'commit', shards: run.count });
      const { storage: alone } = await runAlone(run);
      expect(snapshot(storage.objects)).toEqual(snapshot(alone.objects));
    }),
    { numRuns: 100 },
  );
});

test('a wrong part that no shard can see is found at commit, and its file moved afresh', async () => {
  const run: Run = {
    files: { 'model.safetensors': safetensors(200) },
    count: 3,
    partSize: 32,
    connections: 2,
    seed: 1,
    readBack: 'auto',
  };
  const storage = createStorage();
  const at = place(storage, run);
  await phase(at, run, { phase: 'plan', shards: 3 });
  for (const shard of names(3)) await phase(at, run, { phase: 'move', shard });
  for (const { parts } of storage.uploads.values()) {
    const { body = Buffer.alloc(0), etag = '' } = parts.get(4) ?? {};
    parts.set(4, { body: Buffer.from(body.map((byte) => byte ^ 1)), etag });
  }
  await phase(at, run, { phase: 'commit', shards: 3 });
  const { storage: alone } = await runAlone(run);
  expect(snapshot(storage.objects)).toEqual(snapshot(alone.objects));
});

describe('at once', () => {
  test('two that plan end with one plan, and no upload beside its own', async () => {
    await fc.assert(
      fc.asyncProperty(runs, async (run) => {
        const storage = createStorage();
        const plan = (seed: number) =>
          phase(place(storage, { ...run, seed }), run, { phase: 'plan', shards: run.count });
        const [a, b] = await Promise.all([plan(run.seed), plan(run.seed + 1)]);
        expect(a).toEqual(b);
        const body = storage.objects.get(`${shardsFolder}${run.count}.json`)?.body.toString() ?? '{}';
        const { uploads } = JSON.parse(body) as { uploads: Record<string, string> };
        expect([...storage.uploads.keys()].sort()).toEqual(Object.values(uploads).sort());
      }),
      { numRuns: 60 },
    );
  });

  test('a sharded run, and one alone or one of as many or of other shards, both end well, with the same objects and one manifest', async () => {
    const others = fc.constantFrom('alone', 'same', 'other');
    await fc.assert(
      fc.asyncProperty(runs, others, async (run, other) => {
        const storage = createStorage();
        const { storage: untouched, results } = await runAlone(run);
        let seed = run.seed;
        const at = () => place(storage, { ...run, seed: (seed += 1) });
        const sharded = async (count: number) => {
          await phase(at(), run, { phase: 'plan', shards: count });
          await Promise.all(names(count).map((shard) => phase(at(), run, { phase: 'move', shard })));
          return phase(at(), run, { phase: 'commit', shards: count });
        };
        const beside = {
          alone: () => phase(at(), run, {}),
          same: () => sharded(run.count),
          other: () => sharded((run.count % 5) + 1),
        }[other];
        const [a, b] = await Promise.all([sharded(run.count), beside?.()]);
        expect([a.manifestDigest, b?.manifestDigest]).toEqual([
          results.manifestDigest,
          results.manifestDigest,
        ]);
        // What a shard that was still at work noted after the other's commit goes with the next run.
        await phase(at(), run, {});
        expect(snapshot(storage.objects)).toEqual(snapshot(untouched.objects));
        expect(storage.uploads.size).toBe(0);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 120) },
    );
  });
});

const shardsFolder = `.llm-rollout/acme--tiny/shards/${commit}/`;

interface Place {
  readonly hub: Hub;
  readonly bucket: Bucket;
}

function phase({ hub, bucket }: Place, run: Run, params: Parameters<typeof stage>[0]['params']) {
  const { partSize, connections, readBack } = run;
  return stage({ hub, bucket, params: { partSize, connections, readBack, ...params } });
}

function place(
  storage: Storage,
  { files, seed }: Run,
  watch: (operation: string, key: string) => void = () => {},
): Place {
  const jitter = createJitter(seed);
  return {
    hub: createMemoryHub({ commit, files, before: jitter }),
    bucket: createMemoryBucket({
      storage,
      before: async (operation, key) => {
        watch(operation, key);
        await jitter();
      },
      after: () => demandMarkerTellsTheTruth(storage, files),
    }),
  };
}

/** Dies at the kth request: it is carried out, its answer lost, and all that come after fail. */
function dying(storage: Storage, { files, seed }: Run, k: number): Place {
  const jitter = createJitter(seed + k);
  let count = 0;
  const before = async () => {
    count += 1;
    if (count > k) throw new Error('killed');
    await jitter();
  };
  return {
    hub: createMemoryHub({ commit, files, before }),
    bucket: createMemoryBucket({
      storage,
      before,
      after: () => {
        demandMarkerTellsTheTruth(storage, files);
        if (count >= k) throw new Error('killed');
      },
    }),
  };
}

async function runAlone(run: Run) {
  const storage = createStorage();
  const { files } = run;
  const at = { hub: createMemoryHub({ commit, files }), bucket: createMemoryBucket({ storage }) };
  return { storage, results: await phase(at, run, {}) };
}

/** Takes one part of a pending upload away, or one object, and gives the path that it was of. */
function takeAway(storage: Storage, pick: number): string {
  const parts = [...storage.uploads.values()].flatMap((upload) =>
    [...upload.parts.keys()].map((part) => () => (upload.parts.delete(part), upload.key)),
  );
  const objects = [...storage.objects.keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => () => (storage.objects.delete(key), key));
  const all = [...parts, ...objects];
  return (all[pick % all.length]?.() ?? '').slice(prefix.length);
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${i + 1}/${count}`);
}

function partsOf({ files, partSize }: Run): number {
  return Object.values(files)
    .filter(({ length }) => length > partSize)
    .reduce((sum, { length }) => sum + Math.ceil(length / partSize), 0);
}

/** Noted, not thrown: the code under test may catch errors. */
function demandMarkerTellsTheTruth(storage: Storage, files: Files): void {
  if (!storage.objects.has(manifestKey)) return;
  for (const [path, bytes] of Object.entries(files)) {
    if (!storage.objects.get(prefix + path)?.body.equals(bytes))
      violations.push(`the marker is there, and ${path} is wrong`);
  }
}

/** Waits some turns of the event loop, by chance from a seed. */
function createJitter(seed: number): () => Promise<void> {
  let state = seed >>> 0 || 1;
  return async () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    for (let turns = state >>> 29; turns > 0; turns -= 1) await Promise.resolve();
    if (state >>> 31) await new Promise((resolve) => setImmediate(resolve));
  };
}
