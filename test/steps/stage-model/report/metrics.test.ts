import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createLog } from '../../../../steps/lib/log.ts';
import { BucketError } from '../../../../steps/lib/bucket/error.ts';
import { createMeter, type Measured, type Meter } from '../../../../steps/stage-model/report/meter.ts';
import {
  metricsKey,
  publishMetrics,
  renderResult,
  resultLimit,
  tellMetrics,
} from '../../../../steps/stage-model/report/metrics.ts';
import { asTexts, fitsBeside } from '../../../../steps/lib/results.ts';
import { placeOf } from '../../../../steps/stage-model/place.ts';
import { shardNames } from '../../../../steps/stage-model/shard/share.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { commit, defaults } from '../staging.ts';

vi.setConfig({ testTimeout: 60_000 });

const place = placeOf(defaults, commit);
const others = { revision: commit, prefix: place.prefix, shards: ['1/1'], outcome: 'ok' };
const measured: Measured = {
  seconds: 12.5,
  phases: { resolve: 0.5, move: 10 },
  retries: { 's3 503 SlowDown': 3, 'hub ECONNRESET': 1 },
  totals: { moved: 1000, copied: 20, skipped: 30, readBack: 40, retries: 2, filesDone: 3 },
  connectionsPeak: 8,
  files: [{ path: 'model.safetensors', bytes: 1000, action: 'move', seconds: 9 }],
};
const meter: Meter = { ...createMeter({ now: () => 0 }), read: () => measured };

function start(refuses = false) {
  const storage = createStorage();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'stage-model' });
  const bucket = createMemoryBucket({
    storage,
    before: () => {
      if (!refuses) return;
      throw new BucketError('refused', 'no', {
        evidence: [],
        hint: 'ask',
        code: 'AccessDenied',
        status: 403,
      });
    },
  });
  const signal = new AbortController().signal;
  return {
    storage,
    lines,
    publishing: {
      meter,
      outcome: 'ok',
      bucket,
      place,
      others,
      phase: 'all',
      shard: '',
      log,
      signal,
    } as const,
  };
}

test('nobody asked: nothing', async () => {
  const { storage, publishing } = start();
  expect(await publishMetrics({ ...publishing, metrics: 'none' })).toBe('');
  expect(storage.objects.size).toBe(0);
});

test('of a failed run: a line of the log, when asked for', () => {
  const { lines, publishing } = start();
  tellMetrics({ ...publishing, metrics: 'none' });
  expect(lines).toEqual([]);
  tellMetrics({ ...publishing, metrics: 'bucket' });
  const [, text = ''] = /metrics=(.*)/.exec(lines.join('')) ?? [];
  expect(JSON.parse(JSON.parse(text) as string)).toMatchObject({ outcome: 'failed', bytes: { moved: 1000 } });
});

test('as a result: all figures, no rows', async () => {
  const { storage, publishing } = start();
  expect(JSON.parse(await publishMetrics({ ...publishing, metrics: 'result' }))).toEqual({
    schema: 1,
    model: 'acme/tiny',
    commit,
    outcome: 'ok',
    seconds: 12.5,
    phases: { resolve: 0.5, move: 10 },
    bytes: { moved: 1000, copied: 20, skipped: 30, readBack: 40 },
    bytesPerSecond: 100,
    connectionsPeak: 8,
    retries: { requests: 4, files: 2 },
    causes: { 's3 503 SlowDown': 3, 'hub ECONNRESET': 1 },
  });
  expect(storage.objects.size).toBe(0);
});

test('as a result: takes what the others leave over, and the most frequent causes that fit there', async () => {
  const retries = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`s3 503 SlowDown${i}`, 1000 - i] as const),
  );
  const { publishing } = start();
  const busy = {
    ...publishing,
    metrics: 'result',
    place: placeOf({ ...defaults, model: `deepseek-ai/${'b'.repeat(96)}` }, commit),
    meter: { ...meter, read: () => ({ ...measured, retries }) },
  } as const;
  const causesBeside = async (more: object) => {
    const text = await publishMetrics({ ...busy, others: { ...others, ...more } });
    return Object.keys((JSON.parse(text) as { causes: object }).causes).length;
  };
  const all = await causesBeside({});
  const beside = { prefix: `models/${'b'.repeat(293)}/${commit}/`, shards: shardNames(64) };
  const some = await causesBeside({ ...beside, manifestDigest: 'e'.repeat(64), bytesMoved: '689123456789' });
  expect(some).toBeLessThan(all);
  expect(some).toBeGreaterThan(0);
});

test('as a result for which the others leave no room: a line of the log', async () => {
  const { lines, publishing } = start();
  const full = { ...others, prefix: 'x'.repeat(1600) };
  expect(await publishMetrics({ ...publishing, metrics: 'result', others: full })).toBe('');
  expect(lines.join('')).toMatch(/^metrics, for which the other results leave no room {2}metrics=.*moved/);
});

test('in the bucket: with a row for each file, outside of the model, and the key as the result', async () => {
  const { storage, publishing } = start();
  const key = await publishMetrics({ ...publishing, metrics: 'bucket' });
  expect(key).toBe(`.llm-rollout/acme--tiny/metrics/${commit}.json`);
  expect(key).toBe(metricsKey(place, publishing));
  const body = JSON.parse(String(storage.objects.get(key)?.body)) as { files: unknown };
  expect(body.files).toEqual(measured.files);
});

test('in the bucket: of several pods each has a key of its own, and the one that commits that of the commit', async () => {
  const { storage, publishing } = start();
  const pods = [
    { phase: 'plan', shard: '' },
    { phase: 'move', shard: '1/2' },
    { phase: 'move', shard: '2/2' },
    { phase: 'commit', shard: '' },
  ] as const;
  for (const pod of pods) await publishMetrics({ ...publishing, ...pod, metrics: 'bucket' });
  const folder = `.llm-rollout/acme--tiny/metrics/${commit}`;
  expect([...storage.objects.keys()]).toEqual([
    `${folder}/plan.json`,
    `${folder}/1-of-2.json`,
    `${folder}/2-of-2.json`,
    `${folder}.json`,
  ]);
});

test('in the bucket: the longest key there can be fits beside the other results', () => {
  const model = `${'a'.repeat(96)}/${'b'.repeat(96)}`;
  const far = placeOf({ model, prefix: 'p'.repeat(300), statePrefix: 's'.repeat(300) }, commit);
  const beside = asTexts({
    ...others,
    prefix: far.prefix,
    shards: shardNames(64),
    bytesMoved: '9'.repeat(15),
  });
  const key = metricsKey(far, { phase: 'move', shard: '64/64' });
  expect(fitsBeside({ ...beside, 'manifest-digest': 'e'.repeat(64) }, 'metrics', key)).toBe(true);
});

test('a run that found all there writes nothing', async () => {
  const { storage, publishing } = start();
  expect(await publishMetrics({ ...publishing, metrics: 'bucket', outcome: 'unchanged' })).toBe('');
  expect(storage.objects.size).toBe(0);
});

test('a bucket that refuses them is no reason to fail', async () => {
  const { lines, publishing } = start(true);
  expect(await publishMetrics({ ...publishing, metrics: 'bucket' })).toBe('');
  expect(lines.join('')).toMatch(/warn cannot write the metrics/);
});

test('however many causes there are, the result has room, and keeps the most frequent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ minLength: 1, maxLength: 80 }), fc.nat()), { maxLength: 60 }),
      (causes) => {
        const sorted = causes.toSorted(([, a], [, b]) => b - a);
        const text = renderResult(
          { ...measured, retries: Object.fromEntries(sorted) },
          { outcome: 'ok', place },
        );
        expect(text.length).toBeLessThanOrEqual(resultLimit);
        expect(JSON.parse(text)).toMatchObject({ bytes: { moved: 1000 } });
      },
    ),
  );
});
