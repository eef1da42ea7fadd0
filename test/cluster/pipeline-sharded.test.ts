import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { joinRing, type Ring } from './ring.ts';
import { createRolloutPlace, type RolloutPlace } from './rollout-place.ts';

let ring: Ring;
let place: RolloutPlace;
beforeAll(async () => {
  ring = await joinRing();
  place = await createRolloutPlace(ring);
});
afterAll(async () => {
  await place.remove();
  ring.leave();
});

test('two pods of a matrix stage one model, and a third commits it', { timeout: 360_000 }, async () => {
  onTestFailed(async () => console.error(await place.namespace.report()));
  const name = await place.create({ shards: '2', gpu: '0' }, 'rollout-model-sharded');
  const run = await place.end(name);
  expect(run.reason, run.message).toBe('Succeeded');
  const selector = `tekton.dev/pipelineRun=${name},tekton.dev/pipelineTask=move-model`;
  const moves = (await place.namespace.list('taskrun', selector)).map(({ spec, status }) => ({
    shard: (spec as Params).params.find((param) => param.name === 'shard')?.value,
    moved: Number((status as Results).results.find((result) => result.name === 'bytes-moved')?.value),
  }));
  expect(moves).toHaveLength(2);
  expect(new Set(moves.map(({ shard }) => shard))).toEqual(new Set(['1/2', '2/2']));
  for (const { moved } of moves) expect(moved).toBeGreaterThan(10 * 2 ** 20);
  expect(await place.served()).toMatchObject({ path: run.results['prefix'] });
});

interface Params {
  params: { name: string; value: string }[];
}

interface Results {
  results: { name: string; value: string }[];
}
