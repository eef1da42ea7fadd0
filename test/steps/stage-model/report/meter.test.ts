import { expect, test } from 'vitest';
import { createMeter } from '../../../../steps/stage-model/report/meter.ts';

const totals = { moved: 10, copied: 0, skipped: 3, readBack: 0, retries: 1, filesDone: 2 };

function start() {
  let now = 1000;
  const meter = createMeter({ now: () => now });
  return { meter, pass: (ms: number) => void (now += ms) };
}

test('time belongs to the phase that was entered last, and a phase entered twice has both times', () => {
  const { meter, pass } = start();
  pass(500);
  meter.enter('resolve');
  pass(1200);
  meter.enter('move');
  pass(3000);
  meter.enter('resolve');
  pass(300);
  expect(meter.read()).toMatchObject({ seconds: 5, phases: { resolve: 1.5, move: 3 } });
});

test('retries are counted by server and cause, the most frequent first', () => {
  const { meter } = start();
  meter.retried('hub', 'ECONNRESET');
  meter.retried('s3', '503 SlowDown');
  meter.retried('s3', '503 SlowDown');
  expect(meter.retries).toBe(3);
  expect(Object.entries(meter.read().retries)).toEqual([
    ['s3 503 SlowDown', 2],
    ['hub ECONNRESET', 1],
  ]);
});

test('a file has its row once it is done', () => {
  const { meter, pass } = start();
  const done = meter.begin({ path: 'a', bytes: 7, action: 'move' });
  pass(250);
  expect(meter.read().files).toEqual([]);
  done();
  expect(meter.read().files).toEqual([{ path: 'a', bytes: 7, action: 'move', seconds: 0.25 }]);
});

test('of a move and of what was read after it both count', () => {
  const meter = createMeter({ now: () => 0 });
  meter.moved(totals, 8);
  meter.moved({ ...totals, moved: 0, readBack: 500 }, 0);
  expect(meter.read()).toMatchObject({
    totals: { moved: 10, skipped: 6, readBack: 500 },
    connectionsPeak: 8,
  });
});

test('totals are those of the end of the move, whatever changes them later', () => {
  const { meter } = start();
  expect(meter.read()).toMatchObject({ totals: undefined, connectionsPeak: 0 });
  const live = { ...totals };
  meter.moved(live, 8);
  live.moved = 99;
  expect(meter.read()).toMatchObject({ totals, connectionsPeak: 8 });
});
