import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/hub/faults.ts';
import { StepError } from '../../../../steps/lib/errors.ts';
import { HubFault } from '../../../../steps/lib/hub/fault.ts';
import { createPatience, progressBytes } from '../../../../steps/lib/hub/patience.ts';
import { defaultTimings } from '../../../../steps/lib/hub/settings.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { putToWork, weights } from './at-work.ts';

const path = 'model.safetensors';
const cdn = (effect: Fault['effect'], more: Partial<Fault> = {}): Fault => ({
  at: 'cdn',
  path,
  effect,
  ...more,
});

describe('patience', () => {
  test('is over after so many failures in a row, whatever they are', async () => {
    const { patience, sleeps } = setUp({ attempts: 3 });
    await patience.outlast(fault(true), path);
    await patience.outlast(fault(true, 9), path);
    await expect(patience.outlast(fault(true), path)).rejects.toThrow('final words');
    expect(sleeps).toHaveLength(2);
  });

  test('with wrong answers is over sooner; failures of the network in between do not start it anew', async () => {
    const { patience } = setUp({ attempts: 9 });
    await patience.outlast(fault(true, 2), path);
    await patience.outlast(fault(true), path);
    await expect(patience.outlast(fault(true, 2), path)).rejects.toThrow('final words');
  });

  test('starts anew with progress', async () => {
    const { patience, sleeps } = setUp({ attempts: 2 });
    for (let n = 0; n < 5; n += 1) {
      await patience.outlast(fault(true, 2), path, progressBytes);
    }
    expect(sleeps).toHaveLength(5);
  });

  test('waits as it is asked to without spending a try, until all the waits together are too long', async () => {
    const { patience, sleeps } = setUp({ attempts: 1, patienceMs: 10_000 });
    await patience.outlast(fault({ afterMs: 6000 }), path);
    await patience.outlast(fault({ afterMs: 4000 }), path);
    await expect(patience.outlast(fault({ afterMs: 1 }), path, progressBytes)).rejects.toThrow('final words');
    expect(sleeps).toEqual([6000, 4000]);
  });

  test('has none with what cannot pass, nor with what is no fault, nor when the run is stopped', async () => {
    const stopped = new Error('stopped');
    const other = new TypeError('a mistake of ours');
    const { patience, sleeps } = setUp();
    await expect(patience.outlast(fault(false), path)).rejects.toThrow('final words');
    await expect(patience.outlast(other, path)).rejects.toBe(other);
    await expect(setUp({}, AbortSignal.abort(stopped)).patience.outlast(fault(true), path)).rejects.toBe(
      stopped,
    );
    expect(sleeps).toEqual([]);
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

  test.each(['0', 'Sun, 01 Jan 2023 00:00:00 GMT'])(
    'F9 a Retry-After of %s is no wait: tries are spent, and end',
    async (after) => {
      const { read, fake, sleeps } = await putToWork({
        faults: [{ ...answer(429, { 'retry-after': after }), times: Infinity }],
        timings: { attempts: 3 },
      });
      await expect(read(path)).rejects.toMatchObject({ failure: 'unavailable' });
      expect(sleeps).toHaveLength(2);
      expect(fake.requests.filter(({ path: asked }) => asked.includes('/resolve/'))).toHaveLength(3);
    },
  );

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

function fault(verdict: HubFault['verdict'], tries?: number): HubFault {
  const final = new StepError('unavailable', 'final words', { hint: 'later' });
  return new HubFault(final, { verdict, ...(tries === undefined ? {} : { tries }) });
}

function setUp(timings: Partial<typeof defaultTimings> = {}, signal?: AbortSignal) {
  const sleeps: number[] = [];
  const clock = { now: () => 0, sleep: async (ms: number) => void sleeps.push(ms) };
  const log = createLog({ write: () => {}, env: {}, step: 'test' });
  const patience = createPatience({ timings: { ...defaultTimings, ...timings }, clock, log }, signal);
  return { patience, sleeps };
}
