import { describe, expect, it } from 'vitest';
import { convertParams } from '../../../steps/lib/params.ts';
import { StepError } from '../../../steps/lib/errors.ts';
import { spec } from '../../../steps/wait-ready/spec.ts';
import { waitReady } from '../../../steps/wait-ready/wait.ts';
import { clusterWithKserve, reconcile } from '../lib/serving/mini-kserve.ts';
import { namespace, service, serviceAsking } from '../lib/serving/rollout.ts';
import { listeningLog, virtualClock } from '../lib/serving/time.ts';

const pair = { runtime: 'gpt-new', path: 'models/gpt/new/' };

function paramsOf(flags: Readonly<Record<string, string>> = {}) {
  const { params, problems } = convertParams(spec, { service, ...pair, 'served-name': 'gpt', ...flags });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return params;
}

async function applied(fate: 'ready' | 'pending', flags: Readonly<Record<string, string>> = {}) {
  const { cluster, kserve } = clusterWithKserve();
  kserve.paths.set(pair.path, fate);
  const object = await cluster.apply(serviceAsking(pair, 'new'), { fieldManager: 'llm-rollout' });
  const becomesReady = () => {
    kserve.paths.set(pair.path, 'ready');
    reconcile(cluster, kserve, object);
  };
  const asked: string[] = [];
  const endpoint = {
    url: 'https://gpt.example.com',
    listModels: () => Promise.resolve([{ id: 'gpt' }]),
    chat: async (model: string) => {
      asked.push(model);
      return Promise.resolve({ content: 'ready', reasoning: '', finishReason: 'stop' });
    },
  };
  const wait = (onSleep: () => void = () => {}, changes: Partial<typeof endpoint> = {}) =>
    waitReady(paramsOf(flags), {
      cluster,
      namespace,
      openEndpoint: () => Promise.resolve({ ...endpoint, ...changes }),
      log: listeningLog().log,
      clock: virtualClock(onSleep),
      signal: new AbortController().signal,
    });
  return { cluster, wait, becomesReady, asked };
}

describe('the param url', () => {
  it('takes the address of a model server', () => {
    const url = 'https://gpt.example.com:8443/v1';
    expect(paramsOf({ url }).url).toBe(url);
  });

  it.each([
    'https://gpt.example.com;reboot',
    'https://gpt.example.com/?v=1',
    'https://me:pw@gpt.example.com',
  ])('does not take %s, which a hint would have people type into a shell', (url) =>
    expect(() => paramsOf({ url })).toThrow('--url: '),
  );
});

describe('wait-ready', () => {
  it('gives the address, the pod and the seconds once the model has answered', async () => {
    const { wait, becomesReady, asked } = await applied('pending');
    const results = await wait(becomesReady);
    expect(results).toMatchObject({ url: 'https://gpt.example.com', outcome: 'ok' });
    expect(results.pod).toMatch(/^gpt-\w+-pod$/);
    expect(Number(results.seconds)).toBeGreaterThan(0);
    expect(asked).toEqual(['gpt']);
  });

  it('does not believe a ready pod whose model does not answer', async () => {
    const { wait } = await applied('ready');
    const broken = new StepError('check', 'LD132 HARMONY_VOCAB: the model server fails', {
      hint: 'run verify-tiktoken',
    });
    await expect(wait(() => {}, { chat: () => Promise.reject(broken) })).rejects.toBe(broken);
  });

  it('holds a model that dies of its first chat to be bad, and not to be out of reach', async () => {
    const { wait, cluster } = await applied('ready');
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const silence = new StepError('unavailable', 'LD180 ROUTE_503: no ready pod', { hint: 'wait' });
    await expect(wait(() => {}, { chat: () => Promise.reject(silence) })).rejects.toBe(silence);
    const dies = () => {
      const server = { name: 'kserve-container', restartCount: 0, state: { terminated: { exitCode: 139 } } };
      if (pod) cluster.put({ ...pod, status: { phase: 'Running', containerStatuses: [server] } });
      return Promise.reject(silence);
    };
    await expect(wait(() => {}, { chat: dies })).rejects.toMatchObject({
      failure: 'check',
      message: 'LD139 CRASHED: it ended with exit code 139 (kserve-container ended once)',
    });
  });

  it('asks nothing before the pod is ready', async () => {
    const { wait, asked } = await applied('pending', { timeout: '30s' });
    await expect(wait()).rejects.toMatchObject({ failure: 'not-ready' });
    expect(asked).toEqual([]);
  });

  it('makes way for a run that wants the lock, and asks nothing then', async () => {
    const { cluster, wait, asked } = await applied('pending');
    const results = await wait(() => {
      cluster.put({
        apiVersion: 'tekton.dev/v1',
        kind: 'PipelineRun',
        metadata: { name: 'run-b', namespace },
      });
      cluster.put({
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'gpt-rollout', namespace, annotations: { 'llm-rollout/wanted-by': 'run-b' } },
        spec: { holderIdentity: 'run-a' },
      });
    });
    expect(results).toMatchObject({ url: '', pod: '', outcome: 'superseded' });
    expect(asked).toEqual([]);
  });

  it('has its graces and limits from its params', async () => {
    const { wait, cluster } = await applied('pending', { 'schedule-grace': '20s', timeout: '10m' });
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace });
    const conditions = [{ type: 'PodScheduled', status: 'False', message: 'no node' }];
    if (pod) cluster.put({ ...pod, status: { phase: 'Pending', conditions } });
    await expect(wait()).rejects.toMatchObject({
      failure: 'refused',
      message: 'LD103 UNSCHEDULABLE_OTHER: no node takes the pod',
    });
  });
});
