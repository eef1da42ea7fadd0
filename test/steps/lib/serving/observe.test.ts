import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../../steps/lib/cluster.ts';
import { observe } from '../../../../steps/lib/serving/observe.ts';
import { clusterWithKserve } from './mini-kserve.ts';
import { namespace, service, serviceAsking } from './rollout.ts';

const old = { runtime: 'gpt-old', path: 'models/gpt/old/' };
const wanted = { runtime: 'gpt-new', path: 'models/gpt/new/' };
const target = { service, namespace, ...wanted };

async function rolledOut() {
  const { cluster, kserve } = clusterWithKserve();
  for (const runtime of [old.runtime, wanted.runtime]) {
    cluster.put({
      apiVersion: 'serving.kserve.io/v1alpha1',
      kind: 'ServingRuntime',
      metadata: { name: runtime, namespace },
      spec: { containers: [{ name: 'kserve-container', image: runtime, args: ['--x'] }] },
    });
  }
  const apply = (pair: typeof old, hash: string) =>
    cluster.apply(serviceAsking(pair, hash), { fieldManager: 'llm-rollout' });
  await apply(old, 'old');
  return { cluster, kserve, apply };
}

describe('what is observed', () => {
  it('is little where there is nothing', async () => {
    const { cluster } = clusterWithKserve();
    await expect(observe(cluster, target)).resolves.toEqual({ pods: [], oldPods: [] });
  });

  it('is the service and the lag of its Deployment while KServe sleeps, and the pods are old ones', async () => {
    const { cluster, apply } = await rolledOut();
    cluster.onWrite = () => {};
    await apply(wanted, 'new');
    const snapshot = await observe(cluster, target);
    expect(snapshot.service).toMatchObject({ pair: wanted, ready: true });
    expect(snapshot.deployment?.lag).toBe('its source is <scheme-placeholder>://models/gpt/old/');
    expect(snapshot.pods).toEqual([]);
    expect(snapshot.oldPods).toMatchObject([{ ready: true }]);
  });

  it('is the pods of the new ReplicaSet once it is there', async () => {
    const { cluster, apply } = await rolledOut();
    const [name = ''] = cluster.names('Pod');
    const oldPod = cluster.peek('Pod', name) as KubeObject;
    await apply(wanted, 'new');
    cluster.put(oldPod);
    const { pods, oldPods, deployment } = await observe(cluster, target);
    expect(deployment).toMatchObject({ observed: true, wanted: 1, available: 1 });
    expect(pods).toHaveLength(1);
    expect(pods[0]).toMatchObject({ ready: true });
    expect(oldPods).toHaveLength(1);
    expect(oldPods[0]?.name).not.toBe(pods[0]?.name);
  });

  it('does not take old pods for new ones in the moment when the template is new and its ReplicaSet is not', async () => {
    const { cluster, apply } = await rolledOut();
    await apply(wanted, 'new');
    const set = (await cluster.list({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace })).at(
      -1,
    ) as KubeObject;
    await cluster.delete({ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set.metadata.name, namespace });
    const deployment = cluster.peek('Deployment', 'gpt-predictor') as KubeObject;
    const annotations = { 'deployment.kubernetes.io/revision': '1' };
    cluster.put({ ...deployment, metadata: { ...deployment.metadata, annotations } });
    const snapshot = await observe(cluster, target);
    expect(snapshot.deployment).not.toHaveProperty('lag');
    expect(snapshot.pods).toEqual([]);
  });

  it('tells a change of the spec alone by its hash', async () => {
    const { cluster, apply } = await rolledOut();
    await apply(wanted, 'new');
    cluster.onWrite = () => {};
    await apply(wanted, 'newer');
    const { deployment, pods } = await observe(cluster, target);
    expect(deployment?.lag).toBe('its llm-rollout/spec-hash is new, not newer');
    expect(pods).toEqual([]);
  });

  it('asks for the words of a pod that is not ready: log of the crash, warnings in their order', async () => {
    const { cluster, kserve, apply } = await rolledOut();
    kserve.paths.set(wanted.path, 'crash');
    await apply(wanted, 'new');
    const [{ metadata: { name } } = { metadata: { name: '' } }] = (
      await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace })
    ).slice(-1);
    cluster.logTexts.set(`${name}/kserve-container`, 'CUDA out of memory');
    for (const [n, type] of ['Warning', 'Normal', 'Warning'].entries()) {
      cluster.put({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: `e${n}`, namespace },
        involvedObject: { kind: 'Pod', name },
        type,
        reason: 'Unhealthy',
        message: `probe ${n}`,
        lastTimestamp: `2026-01-01T00:00:0${9 - n}Z`,
      });
    }
    const [pod] = (await observe(cluster, target)).pods;
    expect(pod?.warnings).toEqual(['Unhealthy: probe 2', 'Unhealthy: probe 0']);
    expect(pod?.containers).toMatchObject([{ crashes: 4, log: 'CUDA out of memory' }]);
  });

  it('asks a ready pod nothing', async () => {
    const { cluster, apply } = await rolledOut();
    await apply(wanted, 'new');
    cluster.requests.length = 0;
    await observe(cluster, target);
    expect(cluster.requests.filter(({ verb, kind }) => verb === 'logs' || kind === 'Event')).toEqual([]);
  });

  it('reads the log before when a crashed container runs again', async () => {
    const { cluster, kserve, apply } = await rolledOut();
    kserve.paths.set(wanted.path, 'crash');
    await apply(wanted, 'new');
    const pod = (await cluster.list({ apiVersion: 'v1', kind: 'Pod', namespace })).at(-1) as KubeObject;
    const again = { name: 'kserve-container', restartCount: 1, state: { running: {} } };
    cluster.put({ ...pod, status: { phase: 'Running', containerStatuses: [again] } });
    cluster.logTexts.set(`${pod.metadata.name}/kserve-container/previous`, 'the crash');
    cluster.logTexts.set(`${pod.metadata.name}/kserve-container`, 'the new try');
    const snapshot = await observe(cluster, target);
    expect(snapshot.pods[0]?.containers[0]?.log).toBe('the crash');
  });
});
