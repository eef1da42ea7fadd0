import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import type { FinishedRun } from './finished-run.ts';
import { modelEnv, service } from './rollout-params.ts';
import { createRolloutPlace, type RolloutPlace } from './rollout-place.ts';
import { joinRing, type Ring } from './ring.ts';

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

const minutes = (count: number) => ({ timeout: count * 60_000 });
const mebibyte = 2 ** 20;
/** Path and ServingRuntime of what was promoted last. */
let promoted = { path: '', runtime: '' };

const outcomes = ({ tasks }: FinishedRun) =>
  Object.fromEntries(Object.entries(tasks).map(([name, { results }]) => [name, results['outcome']]));

// One service and its life: each test finds what the one before has left.
describe('the Pipeline over the life of a service', () => {
  test('rolls the first revision out with tkn pipeline start --showlog', minutes(5), async () => {
    reportFailure();
    const run = await place.start();
    expect(run.reason, run.said).toBe('Succeeded');
    expect(outcomes(run)).toEqual({
      'stage-model': 'ok',
      'verify-tiktoken': 'ok',
      'apply-serving': 'ok',
      'wait-ready': 'ok',
      'smoke-tool-calls': 'ok',
      'rotate-token': 'ok',
      'settle-rollout': 'ok',
    });
    expect(Object.keys(run.results).sort()).toEqual([
      'bytes-moved',
      'manifest-digest',
      'prefix',
      'revision',
      'runtime',
      'token-expires',
      'tool-calls',
      'url',
    ]);
    expect(run.results['tool-calls']).toBe('pass');
    expect(Number(run.results['bytes-moved'])).toBeGreaterThan(32 * mebibyte);
    promoted = await place.served();
    expect(promoted.path).toBe(run.results['prefix']);
    expect(await place.namespace.get('deployment', `${service}-predictor`)).toMatchObject({
      spec: {
        template: {
          spec: {
            nodeSelector: { 'kubernetes.io/os': 'linux' },
            tolerations: expect.arrayContaining([
              { key: 'dedicated', operator: 'Equal', value: 'ai', effect: 'NoSchedule' },
            ]),
          },
        },
      },
    });
    const token = await place.clientToken();
    expect(token).toMatch(/^eyJ/);
    expect(run.said).not.toContain(token);
  });

  test('moves only what a second revision changed, and promotes it', minutes(5), async () => {
    reportFailure();
    const token = await place.clientToken();
    const run = await place.end(await place.create({ revision: 'second' }));
    expect(run.reason, run.message).toBe('Succeeded');
    expect(Number(run.results['bytes-moved'])).toBeLessThan(mebibyte);
    expect(outcomes(run)['rotate-token']).toBe('unchanged');
    expect(await place.clientToken()).toBe(token);
    expect((await place.served()).path).not.toBe(promoted.path);
    promoted = await place.served();
    expect(promoted.path).toBe(run.results['prefix']);
  });

  test('puts back the old revision when tool calls of the new one fail', minutes(6), async () => {
    reportFailure();
    const env = modelEnv('[{"kind":"call-in-content","on":"tools"}]');
    const run = await place.end(await place.create({ revision: 'first', env }));
    expect(run.reason, run.message).toBe('Failed');
    expect(run.tasks['smoke-tool-calls']).toMatchObject({ exitCode: 65 });
    expect(run.tasks['rotate-token']).toBeUndefined();
    expect(run.tasks['settle-rollout']?.results).toMatchObject({ state: 'rolled-back' });
    expect(await place.served()).toEqual(promoted);
  });

  test('says that the image cannot be pulled, and goes back', minutes(6), async () => {
    reportFailure();
    const image = 'localhost/llm-rollout/never-built:1';
    const name = await place.create({ revision: 'first', image, 'ready-timeout': '90s' });
    const run = await place.end(name);
    const said = await place.namespace.logs(run.tasks['wait-ready']?.pod ?? '', 'step-wait-ready');
    expect(said).toContain('LD110 IMAGE_PULL');
    expect(said).toContain(image);
    expect(run.tasks['settle-rollout']?.results).toMatchObject({ state: 'rolled-back' });
    expect(await place.served()).toEqual(promoted);
  });

  test('says why a model ends at its start, in its words, and goes back', minutes(6), async () => {
    reportFailure();
    const before = await place.served();
    const run = await place.end(await place.create({ revision: 'third', 'ready-timeout': '3m' }));
    const said = await place.namespace.logs(run.tasks['wait-ready']?.pod ?? '', 'step-wait-ready');
    expect(said).toContain('User-specified max_model_len (8192) is greater');
    expect(run.tasks['settle-rollout']?.results).toMatchObject({ state: 'rolled-back' });
    expect(await place.served()).toEqual(before);
  });
});

function reportFailure(): void {
  onTestFailed(async () => console.error(await place.namespace.report()));
}
