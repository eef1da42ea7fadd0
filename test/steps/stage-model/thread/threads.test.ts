import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createHub } from '../../../../steps/lib/hub.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';
import { createBucket } from '../../../../steps/lib/bucket.ts';
import { exitCodes } from '../../../../steps/lib/errors.ts';
import { type Carrier, createInlineCarrier } from '../../../../steps/stage-model/thread/carrier.ts';
import { hubSource } from '../../../../steps/stage-model/source/hub-source.ts';
import { readListing } from '../../../../steps/stage-model/source/listing.ts';
import { createThreadedCarrier } from '../../../../steps/stage-model/thread/threads.ts';
import { keys, model, type Rig, startRig, threadProgram } from '../rig.ts';
import { safetensors } from '../staging.ts';

/** A busy machine starts a thread slowly. */
vi.setConfig({ testTimeout: 180_000 });

const weights = safetensors(300_000);
const files = { 'config.json': '{"model_type":"llama"}', 'model.safetensors': weights };
const partSize = 16_384;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(options: Partial<Parameters<typeof startRig>[0]> = {}): Promise<Rig> {
  const rig = await startRig({ files, ...options });
  closing.push(() => rig.close());
  return rig;
}

/** A carrier with threads, and what it carries for. */
async function openThreads(rig: Rig, options: Partial<Parameters<typeof createThreadedCarrier>[0]> = {}) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.trimEnd()), env: {}, step: 'stage-model' });
  const secret = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_S3_ENDPOINT: rig.bucket.url,
    AWS_S3_BUCKET: 'models',
  };
  const network = await createNetwork({ env: {}, log });
  const hub = createHub({ endpoint: rig.hub.url, token: undefined, network, log });
  const slowDowns = vi.fn<() => void>();
  const bucket = createBucket({
    secret,
    network,
    log,
    timings: { baseMs: 1, capMs: 2 },
    onSlowDown: slowDowns,
  });
  const own = createInlineCarrier({ source: hubSource(hub, model, rig.commit), bucket });
  const fetchedAlone: number[] = [];
  const carrier: Carrier = createThreadedCarrier({
    alone: { ...own, fetch: (range, ...rest) => (fetchedAlone.push(range.start), own.fetch(range, ...rest)) },
    count: 2,
    atOnce: 1,
    program: threadProgram,
    source: { kind: 'hub', endpoint: rig.hub.url, token: undefined, model, commit: rig.commit },
    bucket,
    env: {},
    timings: { source: { baseMs: 1, capMs: 2 } },
    log,
    onSlowDown: slowDowns,
    onRetry: () => {},
    growth: () => true,
    lookMs: 1,
    ...options,
  });
  closing.push(
    () => network.close(),
    () => carrier.close(),
  );
  const listed = await readListing(hub, model, rig.commit);
  const file = listed.find(({ path }) => path === 'model.safetensors');
  if (!file) throw new Error('no weights');
  return { carrier, file, lines, slowDowns, bucket, fetchedAlone };
}

const shared = (size: number) => Buffer.from(new SharedArrayBuffer(size));
const never = new AbortController().signal;

describe('threads', () => {
  test('fetch into memory of ours and upload from it', async () => {
    const { carrier, file, bucket } = await openThreads(await start());
    const halves = [0, 150_000].map((start) => ({
      start,
      into: shared(start === 0 ? 150_000 : file.size - start),
    }));
    let came = 0;
    const checksums = await Promise.all(
      halves.map(({ start, into }) => carrier.fetch({ file, start, into }, never, (n) => (came += n))),
    );
    expect(came).toBe(file.size);
    expect(checksums).toEqual(halves.map(({ into }) => crc32Base64(into)));
    expect(Buffer.concat(halves.map(({ into }) => into)).equals(weights)).toBe(true);
    const uploadId = await bucket.createUpload('a');
    const parts = await Promise.all(
      halves.map(({ into }, i) => carrier.upload({ key: 'a', uploadId, partNumber: i + 1, body: into })),
    );
    await bucket.completeUpload({ key: 'a', uploadId, parts, size: file.size });
    const object = await bucket.get('a');
    expect(
      createHash('sha256')
        .update(object ?? '')
        .digest('hex'),
    ).toBe(file.digest.hex);
  });

  test('none at first, and more only where that would help and something is to be done', async () => {
    const rig = await start({ hub: { bytesPerSecond: 50_000 } });
    const seen: number[] = [];
    let grow = false;
    const { carrier, file, fetchedAlone } = await openThreads(rig, {
      atOnce: 0,
      growth: (busy) => {
        seen.push(busy.length);
        return grow;
      },
    });
    const fetch = (start: number, length: number) =>
      carrier.fetch({ file, start, into: shared(length) }, never, () => {});
    await fetch(0, 100);
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(3), 10_000);
    grow = true;
    const looks = seen.length;
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(looks + 3), 10_000);
    grow = false;
    await fetch(100, 100);
    expect(fetchedAlone).toEqual([0, 100]);
    grow = true;
    const slow = fetch(200, 50_000);
    // It looks at one at a time: this one at first, then the one that it has started, then two.
    await vi.waitFor(() => expect(seen.at(-1)).toBe(2), 30_000);
    await Promise.all([slow, fetch(50_200, 100), fetch(50_300, 100)]);
    expect(fetchedAlone).toEqual([0, 100, 200]);
  });

  test('a thread that cannot be started is said once, and the others go on', async () => {
    const looks: number[] = [];
    const { carrier, file, lines, fetchedAlone } = await openThreads(await start(), {
      atOnce: 0,
      // No Worker can be made of it: that throws at once, as where the system gives no more threads.
      program: new URL('https://thread.example/'),
      growth: (busy) => looks.push(busy.length) > 0,
      lookMs: 5,
    });
    const read = async (start: number) => carrier.fetch({ file, start, into: shared(100) }, never, () => {});
    const said = () => lines.filter((line) => line.includes('no further thread'));
    await vi.waitFor(async () => {
      await read(0);
      expect(said()).toHaveLength(1);
    }, 20_000);
    const looked = looks.length;
    await read(100);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(looks).toHaveLength(looked);
    expect(said()).toEqual([expect.stringMatching(/^warn .*error=/)]);
    expect(fetchedAlone).toContain(100);
  });

  test('an error of the bucket keeps its code, and what a thread says stands in our log', async () => {
    const rig = await start({
      bucket: { faults: [{ on: 'UploadPart', act: { kind: 'answer', status: 503, code: 'SlowDown' } }] },
    });
    const { carrier, lines, slowDowns } = await openThreads(rig);
    const uploading = carrier.upload({ key: 'a', uploadId: 'none', partNumber: 1, body: shared(10) });
    await expect(uploading).rejects.toMatchObject({ name: 'StepError', code: 'NoSuchUpload', status: 404 });
    expect(lines.join('\n')).toMatch(/^warn asking S3 again .*because="503 SlowDown"/m);
    expect(slowDowns).toHaveBeenCalledTimes(1);
  });

  test('an abort ends what a thread does with our memory, with our reason', async () => {
    const rig = await start({ hub: { bytesPerSecond: 10_000 } });
    const { carrier, file } = await openThreads(rig);
    const stop = new AbortController();
    const into = shared(file.size);
    const fetching = carrier.fetch({ file, start: 0, into }, stop.signal, () => {});
    setTimeout(() => stop.abort(new Error('stopped by SIGTERM')), 500);
    await expect(fetching).rejects.toThrow('stopped by SIGTERM');
    const after = Buffer.from(into);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(into.equals(after)).toBe(true);
  });
});

describe('a run with threads', () => {
  const staged = async (rig: Rig) => {
    expect(await rig.text(`${rig.prefix}model.safetensors`)).toBe(weights.toString('latin1'));
    expect(rig.bucket.object('models', rig.manifestKey)).toBeDefined();
    expect(rig.bucket.uploads('models')).toEqual([]);
    expect([...rig.bucket.refusals, ...rig.hub.refusals]).toEqual([]);
  };

  test('stages the same objects and the same manifest as one without', async () => {
    const [here, there] = [await start(), await start()];
    const outcomes = [await here.run([], { partSize }), await there.run([], { partSize, threads: 2 })];
    for (const { code, log } of outcomes) expect(code, log).toBe(exitCodes.ok);
    await staged(there);
    expect(outcomes[1]?.results).toEqual(outcomes[0]?.results);
  });

  const cdn = { at: 'cdn', path: 'model.safetensors', from: 4 } as const;
  test.each([
    ['F1: a body that is cut', { ...cdn, effect: { kind: 'cut', after: 5000 } }],
    ['F3: a connection that is reset in a part', { ...cdn, effect: { kind: 'reset', after: 5000 } }],
    ['F7: a flipped bit, twice', { ...cdn, times: 2, effect: { kind: 'flip', offset: 40_000 } }],
    ['F12: the CDN answers 503', { ...cdn, times: 3, effect: { kind: 'answer', status: 503 } }],
    ['F15: an address that has expired', { ...cdn, effect: { kind: 'expired' } }],
  ] as const)('overcomes %s', async (_title, fault) => {
    const rig = await start();
    const injected = rig.hub.inject(fault);
    const outcome = await rig.run([], { partSize, threads: 2 });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(injected.struck).toBeGreaterThan(0);
    await staged(rig);
  });

  test('F24: 503 SlowDown on parts lets it take fewer connections', async () => {
    const act = { kind: 'answer', status: 503, code: 'SlowDown' } as const;
    const rig = await start({ bucket: { faults: [{ on: 'UploadPart', nth: 2, times: 3, act }] } });
    const outcome = await rig.run(['--connections=4'], { partSize, threads: 2 });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(outcome.log).toMatch(/^staged .*connections=[123]$/m);
    await staged(rig);
  });

  test('F31: parts that are refused end it, with what the server said', async () => {
    const act = { kind: 'answer', status: 403, code: 'AccessDenied' } as const;
    const rig = await start({
      bucket: { faults: [{ on: 'UploadPart', nth: 3, times: Infinity, act }] },
    });
    const outcome = await rig.run([], { partSize, threads: 2 });
    expect(outcome.code, outcome.log).toBe(exitCodes.refused);
    expect(outcome.log).toMatch(/AccessDenied.*\(S3, PUT models\//);
    expect(rig.bucket.object('models', rig.manifestKey)).toBeUndefined();
  });

  test('SIGTERM in the middle keeps the state, and the next run goes on', async () => {
    const rig = await start({ hub: { bytesPerSecond: 100_000 } });
    const stopped = await rig.run([], {
      partSize,
      threads: 2,
      onStart: (stop) => {
        const timer = setInterval(() => {
          if (!rig.bucket.uploads('models').some(({ parts }) => parts > 1)) return;
          clearInterval(timer);
          stop();
        }, 20);
      },
    });
    expect(stopped.code, stopped.log).toBe(exitCodes.stopped);
    expect(rig.bucket.uploads('models')).toHaveLength(1);
    const outcome = await rig.run([], { partSize, threads: 2 });
    expect(outcome.code, outcome.log).toBe(exitCodes.ok);
    expect(Number(outcome.results['bytes-moved'])).toBeLessThan(weights.length);
    await staged(rig);
  });
});
