import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import type { FinishedRun } from './finished-run.ts';
import { killContainer } from './kill-container.ts';
import type { KubeObject } from './kubectl.ts';
import { joinRing, type Ring } from './ring.ts';
import { modelEnv, paramsFor } from './rollout-params.ts';
import { createRolloutPlace, type RolloutPlace } from './rollout-place.ts';
import { dataConnections } from './stand-ins.ts';

let ring: Ring;
let place: RolloutPlace;
beforeAll(async () => {
  ring = await joinRing();
  // Three files of 16 MiB, and slow enough that a test can step in between.
  const hub = { HUB_MODEL_BYTES: String(48 * 2 ** 20), HUB_BYTES_PER_SECOND: String(2 ** 20) };
  place = await createRolloutPlace(ring, { hub });
});
afterAll(async () => {
  await place.remove();
  ring.leave();
});

const minutes = (count: number) => ({ timeout: count * 60_000 });

/** The one GPU is the other file's, whose service runs at the same time; without one the new pod starts beside the old. */
const noGpu = { gpu: '0' };

/** Arguments of vLLM that differ from the standard, so that a run has something to change. */
const otherArgs = (value: number): Record<string, string> => ({
  args: `${paramsFor(ring, '', '')['args']}\n--max-num-seqs=${value}`,
});

const logOf = ({ tasks }: FinishedRun, task: string): Promise<string> =>
  place.namespace.logs(tasks[task]?.pod ?? '', `step-${task}`);

// One service and its life: each test finds what the one before has left.
test('the stage pod is killed in the middle, and Tekton tries again', minutes(6), async () => {
  reportFailure();
  const name = await place.create(noGpu);
  const pod = await place.says(name, 'stage-model', /staging .*done=/);
  await killContainer(ring, place.namespace, pod, 'step-stage-model');
  const run = await place.end(name);
  expect(run.reason, run.message).toBe('Succeeded');
  expect(run.tasks['stage-model']).toMatchObject({ retries: 1, results: { outcome: 'ok' } });
  expect(run.tasks['stage-model']?.pod).not.toBe(pod);
  expect(await place.served()).toMatchObject({ path: run.results['prefix'] });
});

test('of two runs at once on one service the second waits for the first', minutes(8), async () => {
  reportFailure();
  // Its model starts slowly, so that it has the lock until the younger one, with nothing to move, comes to it.
  const older = await place.create({ ...noGpu, revision: 'second', env: modelEnv('[]', 20_000) });
  // Not before it has the lock: a younger one that is promoted first rightly supersedes it.
  await place.says(older, 'apply-serving', /^applied /m);
  const younger = await place.create({ ...noGpu, revision: 'first', ...otherArgs(8) });
  const runs = await Promise.all([older, younger].map((name) => place.end(name)));
  expect(runs.map(({ reason, message }) => [reason, message])).toEqual([
    ['Succeeded', expect.anything()],
    ['Succeeded', expect.anything()],
  ]);
  const logs = await Promise.all(runs.map((run) => logOf(run, 'apply-serving')));
  expect(logs.filter((log) => log.includes('waiting for another roll-out'))).toHaveLength(1);
  const last = runs[logs.findIndex((log) => log.includes('waiting for another roll-out'))];
  expect(await place.served()).toEqual({ path: last?.results['prefix'], runtime: last?.results['runtime'] });
});

test(
  'S3 is down for a moment while the model is fetched: the run says so and goes on',
  minutes(8),
  async () => {
    reportFailure();
    await shutStorage();
    const name = await place.create({ ...noGpu, revision: 'second', ...otherArgs(16) });
    await place.says(name, 'wait-ready', /tried again; LD122 INIT_S3_CONN/);
    await openStorage();
    const run = await place.end(name);
    expect(run.reason, run.message).toBe('Succeeded');
    expect(await place.served()).toMatchObject({ path: run.results['prefix'] });
  },
);

test(
  'S3 stays down: the words of the initializer are quoted, and the service goes back',
  minutes(8),
  async () => {
    reportFailure();
    const before = await place.served();
    await shutStorage();
    const name = await place.create({
      ...noGpu,
      revision: 'first',
      ...otherArgs(32),
      'ready-timeout': '60s',
    });
    await place.says(name, 'wait-ready', /^Try: /m);
    await openStorage();
    const run = await place.end(name);
    expect(run.reason, run.message).toBe('Failed');
    const said = await logOf(run, 'wait-ready');
    expect(said).toContain('LD122 INIT_S3_CONN');
    expect(said).toMatch(/Could not connect to the endpoint URL: "http:.* \(.*storage-initializer/);
    expect(run.tasks['settle-rollout']?.results).toMatchObject({ state: 'rolled-back' });
    expect(await place.served()).toEqual(before);
  },
);

/** From now on KServe sends pods to a port on which nobody listens. */
async function shutStorage(): Promise<void> {
  const { endpoint } = ring.address.s3;
  const shut = new URL(endpoint);
  shut.port = '7';
  const text = JSON.stringify(storageConfig()).replaceAll(endpoint, shut.origin);
  await place.namespace.apply(JSON.parse(text) as KubeObject);
}

const openStorage = (): Promise<void> => place.namespace.apply(storageConfig());

function storageConfig(): KubeObject {
  const config = dataConnections(ring, place.namespace.name).find(
    ({ metadata }) => metadata.name === 'storage-config',
  );
  if (!config) throw new Error('no storage-config');
  return config;
}

function reportFailure(): void {
  onTestFailed(async () => console.error(await place.namespace.report()));
}
