import { expect, test } from 'vitest';
import { createDownloads } from '../../../../steps/stage-model/pace/downloads.ts';

function createClock() {
  let now = 0;
  return { now: () => now, pass: (ms: number) => (now += ms) };
}

/** Work that ends when told to. */
function createWork() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let begun = false;
  return { run: () => ((begun = true), promise), end: resolve, begun: () => begun };
}

function begunOf(works: readonly ReturnType<typeof createWork>[]): number {
  return works.filter(({ begun }) => begun()).length;
}

async function settled() {
  await new Promise((resolve) => setImmediate(resolve));
}

test('begins with few, in the order of asking', async () => {
  const downloads = createDownloads(16, createClock());
  const begun: number[] = [];
  const works = Array.from({ length: 14 }, createWork);
  const runs = works.map(({ run }, i) => downloads.run(() => (begun.push(i), run())));
  await settled();
  expect(begun).toEqual([...Array(12).keys()]);
  works[1]?.end();
  await settled();
  expect(begun).toEqual([...Array(13).keys()]);
  for (const { end } of works) end();
  await Promise.all(runs);
});

test('has all its places again when the work is done', async () => {
  const downloads = createDownloads(16, createClock());
  for (let round = 0; round < 2; round += 1) {
    const works = Array.from({ length: 13 }, createWork);
    const runs = works.map(({ run }) => downloads.run(run));
    await settled();
    expect(begunOf(works)).toBe(12);
    for (const { end } of works) end();
    await Promise.all(runs);
  }
});

test('lets those in that wait as soon as it allows more', async () => {
  const clock = createClock();
  const downloads = createDownloads(16, clock);
  const works = Array.from({ length: 20 }, createWork);
  const runs = works.map(({ run }) => downloads.run(run));
  await settled();
  downloads.came(1000);
  expect(downloads.limit).toBe(12);
  clock.pass(500);
  downloads.came(1000);
  expect(downloads.limit).toBe(16);
  await settled();
  expect(begunOf(works)).toBe(16);
  for (const { end } of works) end();
  await Promise.all(runs);
});

test('stays with few while nobody waits', () => {
  const clock = createClock();
  const downloads = createDownloads(16, clock);
  for (let n = 0; n < 10; n += 1) {
    clock.pass(500);
    downloads.came(1000);
  }
  expect(downloads.limit).toBe(12);
});

test('allows half as many when a server asks, once for all that ask at that moment', async () => {
  const clock = createClock();
  const downloads = createDownloads(4, clock);
  const works = Array.from({ length: 5 }, createWork);
  const runs = works.map(({ run }) => downloads.run(run));
  await settled();
  for (const _ of works) downloads.slowDown();
  expect(downloads.limit).toBe(2);
  clock.pass(500);
  downloads.slowDown();
  expect(downloads.limit).toBe(1);
  // What runs is not cut short, and keeps its place till it ends.
  for (const { end } of works.slice(0, 3)) end();
  await settled();
  expect(begunOf(works)).toBe(4);
  works[3]?.end();
  await settled();
  expect(begunOf(works)).toBe(5);
  for (const { end } of works) end();
  await Promise.all(runs);
});

test('listens to a server also when the clock was set back', async () => {
  const clock = createClock();
  const downloads = createDownloads(4, clock);
  clock.pass(3_600_000);
  downloads.slowDown();
  expect(downloads.limit).toBe(2);
  clock.pass(-3_600_000);
  downloads.slowDown();
  expect(downloads.limit).toBe(1);
});

test('work that fails gives its place back', async () => {
  const downloads = createDownloads(1, createClock());
  await expect(downloads.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  await expect(downloads.run(async () => 'next')).resolves.toBe('next');
});
