import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/hub/faults.ts';
import { createRepo } from '../../../../sandbox/hub/repo.ts';
import { collect, config, model, putToWork, rangesOf, weights } from './at-work.ts';
import { commit, playMirror } from './mirror.ts';

const path = 'model.safetensors';
const last = weights.length - 1;
const cdn = (effect: Fault['effect'], more: Partial<Fault> = {}): Fault => ({
  at: 'cdn',
  path,
  effect,
  ...more,
});

describe('a file as it should be', () => {
  test('comes whole from the CDN, after one question for its address', async () => {
    const { fake, read } = await putToWork();
    expect(weights.equals(await read(path))).toBe(true);
    expect(rangesOf(fake)).toEqual([`bytes=0-${last}`]);
    expect(fake.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(1);
  });

  test('a small one comes from the Hub itself', async () => {
    const { fake, read } = await putToWork();
    expect(String(await read('config.json'))).toBe(config);
    expect(rangesOf(fake)).toEqual([]);
  });

  test('leaving early closes the connection, and the next range is right', async () => {
    const { hub, file, commit, read } = await putToWork();
    const range = { model, commit, file: await file(path), start: 0, end: weights.length };
    for await (const chunk of hub.readRange(range)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await read(path, 5, 10)).toEqual(weights.subarray(5, 10));
  });
});

describe('connections that break', () => {
  test.each([
    ['F1 a body cut with its length declared', { kind: 'cut', after: 1_000_000 }],
    ['F2 a body cut without a length, cleanly', { kind: 'chunked-cut', after: 1_000_000 }],
  ] as const)('%s goes on from the byte reached', async (_, effect) => {
    const { fake, read } = await putToWork({ faults: [cdn(effect)] });
    expect(weights.equals(await read(path))).toBe(true);
    expect(rangesOf(fake)).toEqual([`bytes=0-${last}`, `bytes=1000000-${last}`]);
  });

  test('F3 a reset in the middle goes on from the byte reached', async () => {
    const { fake, read } = await putToWork({ faults: [cdn({ kind: 'reset', after: 1_000_000 })] });
    expect(weights.equals(await read(path))).toBe(true);
    const from = Number(/\d+/.exec(rangesOf(fake)[1] ?? '')?.[0]);
    // A reset may throw away what was on the way, but never makes us believe in more than was sent.
    expect(from).toBeLessThanOrEqual(1_000_000);
  });

  test('F1 cut before the first byte, again and again, it ends with what the network said', async () => {
    const { fake, read, sleeps } = await putToWork({
      faults: [cdn({ kind: 'cut', after: 0 }, { times: Infinity })],
    });
    await expect(read(path)).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('ended the connection'),
      evidence: [expect.stringContaining('ECONNRESET')],
    });
    expect(rangesOf(fake)).toHaveLength(8);
    expect(sleeps).toHaveLength(7);
  });

  test('progress is what counts: cuts after a megabyte and more are no reason to give up', async () => {
    const { fake, read } = await putToWork({
      faults: [cdn({ kind: 'cut', after: 1_100_000 }, { times: Infinity })],
      timings: { attempts: 2 },
    });
    expect(weights.equals(await read(path))).toBe(true);
    expect(rangesOf(fake)).toHaveLength(3);
  });
});

describe('answers that are not what was asked', () => {
  test('F4 a server that ignores ranges is read over to the asked bytes', async () => {
    const { read } = await putToWork({ faults: [cdn({ kind: 'ignore-range' })] });
    expect(await read(path, 1_000_000, 1_000_010)).toEqual(weights.subarray(1_000_000, 1_000_010));
  });

  test('F4 ignored after a cut, nothing is doubled', async () => {
    const { read } = await putToWork({
      faults: [cdn({ kind: 'cut', after: 1_500_000 }), cdn({ kind: 'ignore-range' }, { from: 2 })],
    });
    expect(weights.equals(await read(path))).toBe(true);
  });

  test('F5 other bytes than asked are refused after two tries, and both ranges are named', async () => {
    const { fake, read } = await putToWork({ faults: [cdn({ kind: 'shift', by: 5 }, { times: Infinity })] });
    await expect(read(path, 100, 200)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('returned bytes 105-204, asked 100-199'),
      evidence: [`206, Content-Range: bytes 105-204/3000000 (${new URL(fake.cdnUrl).host})`],
    });
    expect(rangesOf(fake)).toHaveLength(2);
  });

  test('F5 from one node only, the second one is believed', async () => {
    const { read } = await putToWork({ faults: [cdn({ kind: 'shift', by: 5 })] });
    expect(await read(path, 100, 200)).toEqual(weights.subarray(100, 200));
  });

  test('F5 more bytes than announced are not handed on', async () => {
    const { fake, read } = await putToWork({ faults: [cdn({ kind: 'surplus', bytes: 7 })] });
    expect(await read(path, 100, 200)).toEqual(weights.subarray(100, 200));
    expect(rangesOf(fake)).toHaveLength(2);
  });

  test.each(['resolve', 'cdn'] as const)('F6 a web page from the %s is called one, at once', async (at) => {
    const page = {
      kind: 'answer',
      status: 200,
      headers: { 'content-type': 'text/html' },
      body: '<html>Sign in',
    } as const;
    const { fake, read } = await putToWork({ faults: [{ at, effect: page, times: Infinity }] });
    await expect(read(path)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringMatching(/^got a web page from 127\.0\.0\.1:\d+ .* is a proxy in the way\?$/),
      evidence: [expect.stringContaining('Content-Type: text/html')],
    });
    expect(
      fake.requests.filter(({ server, path }) => server === 'cdn' || path.includes('/resolve/')),
    ).toHaveLength(at === 'cdn' ? 2 : 1);
  });

  test("F7 a flipped bit passes the adapter, for only the file's hash can tell; and does not come twice", async () => {
    const { read, file } = await putToWork({ faults: [cdn({ kind: 'flip', offset: 1_234_567 })] });
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const { hex } = (await file(path)).digest;
    expect(digest(await read(path))).not.toBe(hex);
    expect(digest(await read(path))).toBe(hex);
  });

  test('a compressed body is refused', async () => {
    const { read } = await putToWork({
      faults: [cdn({ kind: 'headers', headers: { 'content-encoding': 'gzip' } }, { times: Infinity })],
    });
    await expect(read(path)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('gzip'),
    });
  });
});

describe('a mirror that sends the asked part with status 200', () => {
  const file = { path, size: weights.length, digest: { algorithm: 'sha256', hex: 'd'.repeat(64) } } as const;
  const serve = (surplus: string) =>
    playMirror((_, response, { headers }) => {
      const [, first = '', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
      const bytes = weights.subarray(Number(first), Number(last) + 1);
      response.writeHead(200, {
        'content-range': `bytes ${first}-${last}/${weights.length}`,
        'content-length': bytes.length + surplus.length,
      });
      response.end(Buffer.concat([bytes, Buffer.from(surplus)]));
    });

  test('is understood', async () => {
    const { hub, asked } = await serve('');
    const range = { model, commit, file, start: 2_000_000, end: 2_100_000 };
    const bytes = weights.subarray(range.start, range.end);
    expect(bytes.equals(await collect(hub.readRange(range)))).toBe(true);
    const into = Buffer.alloc(bytes.length);
    await hub.readInto?.(range, into, {});
    expect(bytes.equals(into)).toBe(true);
    expect(new Set(asked)).toEqual(new Set([`/${model}/resolve/${commit}/${path}`]));
  });

  test('but not with more than it says', async () => {
    const { hub } = await serve('more');
    const reading = collect(hub.readRange({ model, commit, file, start: 2_000_000, end: 2_100_000 }));
    await expect(reading).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('sent 100004 bytes for a file of 3000000'),
    });
  });
});

describe('F22 sizes', () => {
  const sizes = { empty: 0, one: 1, part: 65_536, 'part and one': 65_537 };
  const files = Object.fromEntries(
    Object.entries(sizes).map(([path, size]) => [path, Buffer.alloc(size, path)] as const),
  );

  test.each(Object.entries(sizes))('%s: %i bytes', async (path, size) => {
    const repo = createRepo({ id: model, files });
    const { hub, fake } = await putToWork({ repos: [repo] });
    const file = (await hub.listFiles(model, repo.commit)).find((entry) => entry.path === path);
    if (!file) throw new Error('not listed');
    const asked = fake.requests.length;
    const bytes = await collect(hub.readRange({ model, commit: repo.commit, file, start: 0, end: size }));
    expect(bytes).toEqual(files[path]);
    // Nothing is asked for nothing: a range of no bytes cannot even be written.
    expect(fake.requests.length - asked).toBe(size === 0 ? 0 : 2);
  });

  test('an end beyond 5 GiB, and beyond 32 bits', async () => {
    const size = 6 * 1024 ** 3 + 1;
    const read = (start: number, end: number) =>
      Buffer.from(`${start}`.padEnd(end - start).slice(0, end - start));
    const repo = createRepo({
      id: model,
      files: { large: { size, sha256: 'ab'.repeat(32), gitSha1: 'cd'.repeat(20), read } },
    });
    const { hub } = await putToWork({ repos: [repo] });
    const [file] = await hub.listFiles(model, repo.commit);
    if (!file) throw new Error('not listed');
    expect(file.size).toBe(size);
    const start = 6 * 1024 ** 3 - 20;
    const bytes = await collect(hub.readRange({ model, commit: repo.commit, file, start, end: size }));
    expect(String(bytes)).toBe(String(start).padEnd(21));
  });

  test.each([
    [-1, 1],
    [2, 1],
    [0, 26],
    [0.5, 1],
    [0, Number.NaN],
  ])('a range from %d to %d of 25 bytes is a mistake of ours', async (start, end) => {
    const { hub, commit } = await putToWork();
    const file = {
      path: 'config.json',
      size: 25,
      digest: { algorithm: 'git-sha1', hex: 'a'.repeat(40) } as const,
    };
    await expect(collect(hub.readRange({ model, commit, file, start, end }))).rejects.toThrow(RangeError);
  });
});
