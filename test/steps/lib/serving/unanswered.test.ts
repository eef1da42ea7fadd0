import { describe, expect, it } from 'vitest';
import { StepError } from '../../../../steps/lib/errors.ts';
import { explainUnanswered } from '../../../../steps/lib/serving/unanswered.ts';
import { unavailable } from './memory-cluster.ts';
import { clusterWithKserve } from './mini-kserve.ts';
import { serviceAsking } from './rollout.ts';
import { graces, target } from './snapshots.ts';

const silence = new StepError('unavailable', 'LD180 ROUTE_503: the router has no ready pod', { hint: 'x' });

async function explain(thrown: unknown, container?: object, conditions: readonly object[] = []) {
  const { cluster } = clusterWithKserve();
  await cluster.apply(serviceAsking(target, 'new'), { fieldManager: 'llm-rollout' });
  const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace: target.namespace });
  if (!pod) throw new Error('no pod');
  cluster.logTexts.set(
    `${pod.metadata.name}/kserve-container/previous`,
    'RuntimeError: CUDA error: no kernel image',
  );
  if (container) {
    const status = { conditions, containerStatuses: [{ name: 'kserve-container', ...container }] };
    cluster.put({ ...pod, status });
  }
  const look = (changes: { away?: boolean; signal?: AbortSignal } = {}) => {
    if (changes.away)
      cluster.before = () => {
        throw unavailable();
      };
    return explainUnanswered(thrown, { target, graces }, { cluster, ...changes });
  };
  return { look };
}

const restarting = { restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 1 } } };

describe('a model that was ready and gives no answer', () => {
  it('has died of the chat when its container has ended', async () => {
    const { look } = await explain(silence, restarting);
    expect(await look()).toMatchObject({
      failure: 'check',
      message: 'LD137 GPU_BROKEN: the GPU cannot be used in the pod (kserve-container ended once)',
      evidence: [
        'LD180 ROUTE_503: the router has no ready pod (the first chat, after the pods were ready)',
        expect.stringMatching(/^RuntimeError: CUDA error: no kernel image \(pod gpt-/),
        expect.anything(),
        expect.anything(),
      ],
    });
  });

  it.each([
    ['its pods are well', undefined],
    ['the container has ended before it was ready', { ...restarting, ready: true }],
    ['its probe fails, as when its node is cut off', { restartCount: 0, state: { running: {} } }],
  ])('is out of reach when %s', async (_title, container) => {
    const { look } = await explain(silence, container);
    expect(await look()).toBe(silence);
  });

  it('is out of reach when the API server is too', async () => {
    const { look } = await explain(silence, restarting);
    expect(await look({ away: true })).toBe(silence);
  });

  it('is not looked at when what it said is wrong', async () => {
    const wrong = new StepError('check', 'NOT_OPENAI: a web page', { hint: 'x' });
    const { look } = await explain(wrong, restarting);
    expect(await look()).toBe(wrong);
  });

  it('ends as stopped when the step is', async () => {
    const { look } = await explain(silence, restarting);
    const stopped = new StepError('stopped', 'stopped by SIGTERM', { hint: 'x' });
    await expect(look({ away: true, signal: AbortSignal.abort(stopped) })).rejects.toBe(stopped);
  });
});
