import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/hub/faults.ts';
import { collect, model, putToWork, rangesOf, weights } from './at-work.ts';

const path = 'model.safetensors';
const last = weights.length - 1;
const cdn = (effect: Fault['effect'], more: Partial<Fault> = {}): Fault => ({
  at: 'cdn',
  path,
  effect,
  ...more,
});

describe('the address of a file', () => {
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

  test('F8 another tag under the same address asks for the address anew', async () => {
    const { fake, read } = await putToWork({
      faults: [cdn({ kind: 'headers', headers: { etag: '"other"' } }, { from: 2 })],
    });
    await read(path, 0, 10);
    expect(await read(path, 10, 20)).toEqual(weights.subarray(10, 20));
    expect(fake.requests.filter(({ path }) => path.includes('/resolve/'))).toHaveLength(2);
  });
});

describe.each([{ into: false }, { into: true }])('servers behind one address, read with %j', (way) => {
  test('may call the same tag a weak one', async () => {
    const { fake, read, lines } = await putToWork({
      ...way,
      faults: [
        cdn({ kind: 'headers', headers: { etag: '"abc"' } }),
        cdn({ kind: 'headers', headers: { etag: 'W/"abc"' } }, { times: Infinity }),
      ],
    });
    for (const start of [0, 10, 20]) await read(path, start, start + 10);
    expect(rangesOf(fake)).toHaveLength(3);
    expect(lines.join('')).not.toContain('ETag');
  });

  test('may each have a tag of their own: it says so once, and leaves it to the hash', async () => {
    const other = (from: number) => cdn({ kind: 'headers', headers: { etag: `"node-${from}"` } }, { from });
    const { fake, read, lines } = await putToWork({
      ...way,
      faults: Array.from({ length: 12 }, (_, n) => other(n + 1)),
    });
    for (let start = 0; start < 100; start += 10)
      expect(await read(path, start, start + 10)).toEqual(weights.subarray(start, start + 10));
    expect(rangesOf(fake)).toHaveLength(11);
    expect(lines.filter((line) => line.includes('another ETag'))).toHaveLength(1);
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
