import { describe, expect, test } from 'vitest';
import { createLog } from '../../../../steps/lib/log.ts';
import type { Clock } from '../../../../steps/lib/retry.ts';
import { formatBytes, formatSeconds, startProgress } from '../../../../steps/stage-model/report/progress.ts';

test('a line after one second, then one every 15, and one at the end', async () => {
  const { clock, pass } = createClock();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.trim()), env: {}, step: 'stage-model' });
  const progress = startProgress({ log, clock, bytes: 4e9, files: 3, connections: () => 8 });
  const move = (bytes: number) => {
    progress.totals.moved += bytes;
    progress.advance(bytes);
  };
  await pass(999);
  expect(lines).toEqual([]);
  move(1e8);
  await pass(1);
  expect(lines).toEqual([
    'staging  done="100.0 MB/4.0 GB" percent=2 rate="100.0 MB/s" left=39s files=0/3 retries=0 connections=8',
  ]);
  move(1.5e9);
  progress.totals.filesDone += 1;
  await pass(15_000);
  expect(lines[1]).toBe(
    'staging  done="1.6 GB/4.0 GB" percent=40 rate="100.0 MB/s" left=24s files=1/3 retries=0 connections=8',
  );
  progress.stop();
  await pass(60_000);
  expect(lines).toHaveLength(2);
  progress.summarize('staged');
  expect(lines[2]).toMatch(
    /^staged {2}files=3 moved="1\.6 GB" copied="0 B" skipped="0 B" read-back="0 B" retries=0 seconds=76\.0/,
  );
});

test('what is to be read back is told, and counts in the time that is left', async () => {
  const { clock, pass } = createClock();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.trim()), env: {}, step: 'stage-model' });
  const progress = startProgress({ log, clock, bytes: 1e9, files: 1, connections: () => 1 });
  progress.totals.moved += 1e9;
  progress.advance(1e9);
  progress.willReadBack(2e9);
  progress.totals.readBack += 1e9;
  await pass(1000);
  expect(lines[0]).toContain('percent=100 rate="2.0 GB/s" left=1s read-back="1.0 GB/2.0 GB" files=0/1');
  progress.stop();
});

test('what was there already is done, and told at the end', async () => {
  const { clock, pass } = createClock();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.trim()), env: {}, step: 'stage-model' });
  const progress = startProgress({ log, clock, bytes: 1000, files: 1, connections: () => 1 });
  progress.keep(500);
  await pass(1000);
  expect(lines[0]).toContain('done="500 B/1.0 kB" percent=50 rate="0 B/s"');
  progress.stop();
  progress.summarize('staged');
  expect(lines[1]).toContain('skipped="500 B"');
});

test('what is taken back is no longer done', async () => {
  const { clock, pass } = createClock();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line.trim()), env: {}, step: 'stage-model' });
  const progress = startProgress({ log, clock, bytes: 1000, files: 1, connections: () => 1 });
  progress.advance(500);
  progress.advance(-500);
  await pass(1000);
  expect(lines[0]).toContain('done="0 B/1.0 kB" percent=0 rate="0 B/s" left=unknown');
  progress.stop();
});

describe('texts', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [13_761_316_904, '13.8 GB'],
    [2.5e15, '2500.0 TB'],
  ])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [-1, '0s'],
    [0.2, '1s'],
    [59, '59s'],
    [61, '1m01s'],
    [7_500, '2h05m'],
  ])('%f seconds are %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
});

/** A clock that moves when told, and lets those who sleep wake in between. */
function createClock() {
  let now = 0;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          reject(new Error('aborted'));
        });
      }),
  };
  const pass = async (ms: number) => {
    now += ms;
    for (const sleeper of sleepers) {
      if (sleeper.until > now) continue;
      sleepers.delete(sleeper);
      sleeper.wake();
    }
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, pass };
}
