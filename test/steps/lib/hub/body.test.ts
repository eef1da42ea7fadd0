import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/hub/faults.ts';
import { model, putToWork, rangesOf, weights } from './at-work.ts';

const path = 'model.safetensors';
const last = weights.length - 1;
const cdn = (effect: Fault['effect'], more: Partial<Fault> = {}): Fault => ({
  at: 'cdn',
  path,
  effect,
  ...more,
});

describe('F17, F18 a body that does not come', () => {
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
