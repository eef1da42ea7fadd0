import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/hub/faults.ts';
import { collect, config, model, putToWork, rangesOf, weights } from './at-work.ts';

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

  test('many ranges at once share the one question', async () => {
    const { fake, hub, file, commit } = await putToWork();
    const entry = await file(path);
    const starts = Array.from({ length: 30 }, (_, n) => n * 100_000);
    const parts = await Promise.all(
      starts.map((start) =>
        collect(hub.readRange({ model, commit, file: entry, start, end: start + 100_000 })),
      ),
    );
    expect(weights.equals(Buffer.concat(parts))).toBe(true);
    expect(fake.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(1);
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

  test('a reader that takes its time is not a stall of the server', async () => {
    const { hub, file, commit, sleeps } = await putToWork({ timings: { idleMs: 1000 } });
    const range = { model, commit, file: await file(path), start: 0, end: weights.length };
    const all: Buffer[] = [];
    for await (const chunk of hub.readRange(range)) {
      if (all.length === 0) await new Promise((resolve) => setTimeout(resolve, 1500));
      all.push(chunk);
    }
    expect(weights.equals(Buffer.concat(all))).toBe(true);
    expect(sleeps).toEqual([]);
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

  test('F3 a kept connection that the server has closed costs no try and no wait, a new one does', async () => {
    const hangUp = { kind: 'hang-up' } as const;
    const { fake, read, sleeps } = await putToWork({ faults: [cdn(hangUp)], timings: { attempts: 2 } });
    expect(weights.equals(await read(path))).toBe(true);
    expect(sleeps).toHaveLength(1);
    fake.inject({ at: 'resolve', path: 'config.json', effect: hangUp });
    expect(String(await read('config.json'))).toBe(config);
    expect(sleeps.slice(1)).toEqual([0]);
  });

  test('F17 a stall times out and goes on elsewhere', async () => {
    const { fake, read } = await putToWork({
      faults: [cdn({ kind: 'stall', after: 1_000_000 })],
      timings: { idleMs: 1000 },
    });
    expect(weights.equals(await read(path))).toBe(true);
    expect(rangesOf(fake)[1]).toBe(`bytes=1000000-${last}`);
  });

  test('F17 a server that never answers is told apart from one that is slow', async () => {
    const { read } = await putToWork({
      faults: [cdn({ kind: 'stall', after: 0 }, { times: Infinity })],
      timings: { idleMs: 500, attempts: 2 },
    });
    await expect(read(path)).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ sent no byte for 0\.5 s$/),
    });
  });

  test('F18 a trickle is left for a new connection', async () => {
    const { read, lines } = await putToWork({
      faults: [cdn({ kind: 'trickle', bytes: 10, everyMs: 10 })],
      timings: { slowMs: 100, slowBytesPerSecond: 64 * 1024 },
    });
    expect(weights.equals(await read(path))).toBe(true);
    expect(lines.join('')).toMatch(/trying again.*sent \d+ bytes in 0 s/);
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
    const { sha256 } = await file(path);
    expect(digest(await read(path))).not.toBe(sha256);
    expect(digest(await read(path))).toBe(sha256);
  });

  test('F8 another tag under the same address asks for the address anew', async () => {
    const { fake, read } = await putToWork({
      faults: [cdn({ kind: 'headers', headers: { etag: '"other"' } }, { from: 2 })],
    });
    await read(path, 0, 10);
    expect(await read(path, 10, 20)).toEqual(weights.subarray(10, 20));
    expect(fake.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(2);
  });

  test.each([
    ['commit', { 'x-repo-commit': 'f'.repeat(40) }],
    ['size', { 'x-linked-size': '4' }],
    ['hash', { 'x-linked-etag': `"${'0'.repeat(64)}"` }],
  ])('F8 a Hub that names another %s than it listed is not believed', async (_, headers) => {
    const { read } = await putToWork({
      faults: [{ at: 'resolve', effect: { kind: 'headers', headers }, times: Infinity }],
    });
    await expect(read(path)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('is not the same'),
      evidence: [expect.stringContaining(Object.values(headers)[0]?.replaceAll('"', '') ?? '')],
    });
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

describe('a Hub that is busy', () => {
  const answer = (status: number, headers: Record<string, string> = {}): Fault => ({
    at: 'resolve',
    effect: { kind: 'answer', status, headers },
  });

  test('F9 waits what Retry-After says, says so, and spends no try', async () => {
    const { read, sleeps, lines } = await putToWork({
      faults: [{ ...answer(429, { 'retry-after': '30' }), times: 5 }],
      timings: { attempts: 1 },
    });
    expect(weights.equals(await read(path))).toBe(true);
    expect(sleeps).toEqual(Array.from({ length: 5 }, () => 30_000));
    expect(lines.filter((line) => /waiting as asked.*30\.0s/.test(line))).toHaveLength(5);
  });

  test('F10 waits for the window that RateLimit names', async () => {
    const { read, sleeps } = await putToWork({
      faults: [answer(429, { ratelimit: '"resolvers";r=0;t=55' })],
    });
    expect(weights.equals(await read(path))).toBe(true);
    expect(sleeps).toEqual([56_000]);
  });

  test('F11 reads a date', async () => {
    const { read, sleeps } = await putToWork({
      faults: [answer(429, { 'retry-after': new Date(Date.now() + 20_000).toUTCString() })],
    });
    await read(path);
    expect(sleeps[0]).toBeGreaterThan(15_000);
    expect(sleeps[0]).toBeLessThanOrEqual(20_000);
  });

  test('F11 a day is too long', async () => {
    const { read, sleeps } = await putToWork({ faults: [answer(429, { 'retry-after': '86400' })] });
    await expect(read(path)).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('asks to wait 24 h'),
      hint: expect.stringContaining('hf-token'),
    });
    expect(sleeps).toEqual([]);
  });

  test.each([500, 502, 503, 504, 408])('F12 %i passes', async (status) => {
    const { read, sleeps } = await putToWork({
      faults: [{ ...answer(status), times: 2 }, cdn({ kind: 'answer', status }, { times: 2 })],
    });
    expect(weights.equals(await read(path))).toBe(true);
    expect(sleeps).toHaveLength(4);
  });
});

describe('addresses that expire', () => {
  test('F15 one new question, no try spent, on from where it was', async () => {
    const { fake, read, sleeps } = await putToWork({
      faults: [cdn({ kind: 'cut', after: 1_000_000 }), cdn({ kind: 'expired' }, { from: 2 })],
      timings: { attempts: 2 },
    });
    expect(weights.equals(await read(path))).toBe(true);
    expect(rangesOf(fake)).toEqual([`bytes=0-${last}`, `bytes=1000000-${last}`, `bytes=1000000-${last}`]);
    expect(fake.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(2);
    expect(sleeps.at(-1)).toBe(0);
  });

  test('F15 thirty ranges find it expired and ask once', async () => {
    const { fake, hub, file, commit } = await putToWork();
    const entry = await file(path);
    const read = (start: number) =>
      collect(hub.readRange({ model, commit, file: entry, start, end: start + 100_000 }));
    const starts = Array.from({ length: 30 }, (_, n) => n * 100_000);
    await read(0);
    fake.inject(cdn({ kind: 'expired' }, { times: 30 }));
    expect(weights.equals(Buffer.concat(await Promise.all(starts.map(read))))).toBe(true);
    expect(fake.requests.filter(({ path }) => path.includes('/resolve/')).length).toBeLessThan(5);
  });

  test('F15 a CDN that refuses every address is named, without the address', async () => {
    const { fake, read } = await putToWork({ faults: [cdn({ kind: 'expired' }, { times: Infinity })] });
    const error: unknown = await read(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      failure: 'refused',
      message: `${new URL(fake.cdnUrl).host} refuses the address that the Hub gave for ${path}`,
    });
    expect(JSON.stringify(error) + String(error)).not.toContain('X-Amz');
  });
});
