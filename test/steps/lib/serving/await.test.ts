import { describe, expect, it } from 'vitest';
import { StepError } from '../../../../steps/lib/errors.ts';
import { awaitRollout, type Patience } from '../../../../steps/lib/serving/await.ts';
import { defaultGraces } from '../../../../steps/lib/serving/problems.ts';
import { unavailable } from './memory-cluster.ts';
import { systemClock } from '../../../../steps/lib/retry.ts';
import { clusterWithKserve, reconcile } from './mini-kserve.ts';
import { namespace, service, serviceAsking } from './rollout.ts';
import { listeningLog, virtualClock } from './time.ts';

const pair = { runtime: 'gpt-new', path: 'models/gpt/new/' };
const target = { service, namespace, ...pair };
const patience: Patience = { timeoutMs: 20 * 60_000, pollMs: 5_000, graces: defaultGraces };

async function applied(fate: 'ready' | 'crash' | 'pending') {
  const { cluster, kserve } = clusterWithKserve();
  kserve.paths.set(pair.path, fate);
  const object = await cluster.apply(serviceAsking(pair, 'new'), { fieldManager: 'llm-rollout' });
  const { log, lines } = listeningLog();
  /** Waits; after `minutes` the pod's fate changes. */
  const wait = (changes: Partial<Patience> = {}, onSleep: (minutes: number) => void = () => {}) => {
    const start = virtualClock().now();
    const clock = virtualClock((now) => onSleep((now - start) / 60_000));
    return awaitRollout(target, { ...patience, ...changes }, { cluster, log, clock, random: () => 0.5 });
  };
  const becomes = (next: 'ready' | 'crash' | 'pending') => {
    kserve.paths.set(pair.path, next);
    reconcile(cluster, kserve, object);
  };
  return { cluster, kserve, lines, wait, becomes };
}

async function thrownBy(promise: Promise<unknown>): Promise<StepError> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StepError);
  return error as StepError;
}

describe('waiting for a roll-out', () => {
  it('ends when the pod is ready, and has said each thing once', async () => {
    const { wait, becomes, lines } = await applied('pending');
    const arrival = await wait({}, (minutes) => minutes === 0.5 && becomes('ready'));
    expect(arrival).toMatchObject({ kind: 'ready', url: 'https://gpt.example.com' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^starting the server \(ContainerCreating\) {2}pod=gpt-\w+-pod after=0s$/);
  });

  it('says that it still waits, once a minute', async () => {
    const { wait, becomes, lines } = await applied('pending');
    await wait({}, (minutes) => minutes >= 5 && becomes('ready'));
    const still = lines.filter((line) => line.startsWith('still starting the server'));
    expect(still.map((line) => /after=(.*)$/.exec(line)?.[1])).toEqual(['60s', '2m00s', '3m00s', '4m00s']);
  });

  it('fails with the code, the words of the container and a hint', async () => {
    const { wait, cluster } = await applied('crash');
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    cluster.logTexts.set(`${pod?.metadata.name}/kserve-container`, 'ValueError: CUDA out of memory');
    const error = await thrownBy(wait());
    expect(error).toMatchObject({
      failure: 'check',
      message:
        'LD131 CUDA_OOM: the GPU has not enough memory for the model and its KV cache (kserve-container ended 4 times)',
      hint: expect.stringContaining('--max-model-len'),
    });
    expect(error.evidence[0]).toContain('ValueError: CUDA out of memory (pod gpt-');
  });

  it('ends at its own deadline, and says what it waited for', async () => {
    const { wait } = await applied('pending');
    const error = await thrownBy(wait({ timeoutMs: 90_000 }));
    expect(error).toMatchObject({
      failure: 'not-ready',
      message: 'gpt is not ready after 90s: starting the server (ContainerCreating)',
      hint: expect.stringMatching(/ready-timeout.*retry-failed=true/),
    });
  });

  it('ends on the way back without a word of a failed revision: it was promoted', async () => {
    const { wait } = await applied('pending');
    const { hint } = await thrownBy(wait({ timeoutMs: 90_000, makeWay: false }));
    expect(hint).toContain('ready-timeout');
    expect(hint).not.toContain('retry-failed');
  });

  it('names the problem that stood in the way at the deadline', async () => {
    const { wait, cluster } = await applied('pending');
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '1 Insufficient nvidia.com/gpu' }];
    if (pod) cluster.put({ ...pod, status: { phase: 'Pending', conditions } });
    expect(await thrownBy(wait({ timeoutMs: 60_000 }))).toMatchObject({
      failure: 'unavailable',
      message:
        'LD101 UNSCHEDULABLE_GPU: gpt is not ready after 60s: waiting for a node: 1 Insufficient nvidia.com/gpu',
    });
  });

  it('waits through an API server that is away, and says so twice', async () => {
    const { wait, cluster, becomes, lines } = await applied('pending');
    let away = false;
    cluster.before = () => {
      if (away) throw unavailable();
    };
    await wait({}, (minutes) => {
      away = minutes >= 1 && minutes < 4;
      if (minutes >= 5) becomes('ready');
    });
    expect(lines.filter((line) => /cannot look|is back/.test(line))).toEqual([
      'warn cannot look; waiting on  because="the API server does not answer"',
      'the API server is back  after=3m00s',
    ]);
  });

  it('counts against no grace what an API server is away, and counts on once it is back', async () => {
    const { wait, cluster, becomes } = await applied('pending');
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const state = { waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } };
    const broken = { containerStatuses: [{ name: 'kserve-container', state }] };
    if (pod) cluster.put({ ...pod, status: broken });
    let away = false;
    cluster.before = () => {
      if (away) throw unavailable();
    };
    const outage = (minutes: number) => (away = minutes >= 0.1 && minutes < 3);
    expect((await thrownBy(wait({}, outage))).message).toContain('LD140 CONFIG_ERROR');
    let end = 0;
    const mended = (minutes: number) => {
      outage(minutes);
      end = minutes;
      if (minutes > 3.4) becomes('ready');
    };
    expect(await wait({}, mended)).toMatchObject({ kind: 'ready' });
    expect(end).toBeLessThan(4);
  });

  it('counts against no grace what one look takes that outlasts an outage by itself', async () => {
    const { cluster, becomes } = await applied('pending');
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const state = { waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } };
    if (pod) cluster.put({ ...pod, status: { containerStatuses: [{ name: 'kserve-container', state }] } });
    let sleeps = 0;
    const clock = virtualClock(() => {
      sleeps += 1;
      if (sleeps === 4) becomes('ready');
    });
    let looks = 0;
    cluster.before = ({ kind }) => {
      if (kind === 'InferenceService' && (looks += 1) === 2) void clock.sleep(180_000);
    };
    const waiting = awaitRollout(target, patience, { cluster, log: listeningLog().log, clock });
    expect(await waiting).toMatchObject({ kind: 'ready' });
  });

  it('counts graces on with an API server that answers every other time', async () => {
    const { wait, cluster } = await applied('pending');
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '1 Insufficient nvidia.com/gpu' }];
    if (pod) cluster.put({ ...pod, status: { phase: 'Pending', conditions } });
    let looks = 0;
    cluster.before = () => {
      if (looks % 2 === 1) throw unavailable();
    };
    const error = await thrownBy(wait({ timeoutMs: 60 * 60_000 }, () => (looks += 1)));
    expect(error).toMatchObject({ failure: 'unavailable', message: expect.stringContaining('LD101') });
  });

  it('gives up on an API server that stays away', async () => {
    const { wait, cluster } = await applied('pending');
    cluster.before = () => {
      throw unavailable();
    };
    expect(await thrownBy(wait())).toMatchObject({ failure: 'unavailable' });
  });

  it('does not outlast its deadline by one look at an API server that says nothing', async () => {
    const { cluster } = await applied('pending');
    const silent = (_: unknown, signal?: AbortSignal) =>
      new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const error = await thrownBy(
      awaitRollout(
        target,
        { ...patience, timeoutMs: 100, pollMs: 10 },
        { cluster: { ...cluster, get: silent, list: silent }, log: listeningLog().log, clock: systemClock },
      ),
    );
    expect(error).toMatchObject({
      failure: 'not-ready',
      message: expect.stringContaining('the API server to answer'),
      hint: expect.stringContaining('/readyz'),
    });
  });

  it('has its deadline also while the API server is away', async () => {
    const { wait, cluster } = await applied('pending');
    cluster.before = () => {
      throw unavailable();
    };
    expect((await thrownBy(wait({ timeoutMs: 60_000 }))).message).toBe(
      'gpt is not ready after 60s: the API server to answer',
    );
  });

  it('does not wait through a right that is missing', async () => {
    const { wait, cluster } = await applied('pending');
    cluster.before = () => {
      throw new StepError('refused', 'may not list pods', { hint: 'grant it' });
    };
    expect(await thrownBy(wait())).toMatchObject({ failure: 'refused', message: 'may not list pods' });
  });

  it('ends when somebody changes the service, and names who', async () => {
    const { wait, cluster } = await applied('pending');
    const other = { runtime: 'by-hand', path: 'elsewhere/' };
    const change = () => {
      const live = cluster.peek('InferenceService', service);
      const managedFields = [
        { manager: 'llm-rollout', time: '2026-01-01T00:00:00Z' },
        { manager: 'odh-dashboard', time: '2026-01-01T00:01:00Z' },
        { manager: 'manager', time: '2026-01-01T00:02:00Z', subresource: 'status' },
      ];
      if (live)
        cluster.put({ ...live, ...serviceAsking(other), metadata: { ...live.metadata, managedFields } });
    };
    const error = await thrownBy(wait({}, (minutes) => minutes >= 1 && change()));
    expect(error).toMatchObject({
      failure: 'check',
      message:
        'LD173 CHANGED: gpt was changed while we waited: it now asks for runtime by-hand and path elsewhere/',
      evidence: ['last written by odh-dashboard (managedFields of the InferenceService)'],
    });
  });

  it('stops at once when the step is stopped', async () => {
    const { cluster } = await applied('pending');
    const stop = new AbortController();
    const clock = virtualClock(() =>
      stop.abort(new StepError('stopped', 'stopped by SIGTERM', { hint: 'x' })),
    );
    const waiting = awaitRollout(target, patience, {
      cluster,
      log: listeningLog().log,
      clock,
      signal: stop.signal,
    });
    expect(await thrownBy(waiting)).toMatchObject({ failure: 'stopped' });
  });
});
