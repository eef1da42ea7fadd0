import { describe, expect, it } from 'vitest';
import { progressOf } from '../../../../steps/lib/serving/progress.ts';
import { at, container, deploymentSeen, initContainer, pod, readyPod, stations } from './snapshots.ts';

describe('how far a roll-out is', () => {
  it.each([
    ['nothing', 'controller', 'waiting for KServe to take up the change'],
    ['lagging', 'controller', 'waiting for KServe to take up the change'],
    ['leavingOld', 'creating', 'waiting for pods: 0 of 1, gpt-old-1 is leaving'],
    [
      'unscheduled',
      'scheduling',
      'waiting for a node: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu.',
    ],
    ['downloading', 'downloading', 'downloading the model: 1 files, 2.0 GB in all'],
    ['pulling', 'pulling', 'starting the server (ContainerCreating)'],
    ['loading', 'loading', 'loading the model: loading weights'],
    ['unavailable', 'settling', 'pods are ready, waiting for the Deployment to count them'],
    ['oldStays', 'settling', 'waiting for the old pods to leave'],
    ['addressless', 'settling', 'waiting for the address of the service'],
    ['ready', 'ready', 'ready'],
  ] as const)('%s: %s', (station, phase, line) => {
    expect(progressOf(stations[station])).toMatchObject({ phase, line });
  });

  it('is not ready when the Deployment wants no pod', () => {
    const deployment = deploymentSeen({ wanted: 0, replicas: 0, updated: 0 });
    expect(progressOf({ ...at(), deployment })).toEqual({
      phase: 'creating',
      line: 'the Deployment gpt-predictor is scaled to 0',
    });
  });

  it('does not take a sidecar among the init containers for the download', () => {
    const proxy = initContainer({ name: 'istio-proxy', state: 'running', ready: true });
    const server = container({ log: 'Starting to load model' });
    expect(progressOf(at(pod({ containers: [proxy, server] }))).line).toBe(
      'loading the model: loading weights',
    );
    const download = initContainer({ state: 'running' });
    expect(progressOf(at(pod({ containers: [proxy, download, server] }))).phase).toBe('downloading');
    const late = initContainer({ name: 'istio-proxy', state: 'running' });
    expect(progressOf(at(pod({ containers: [late, server] }))).line).toBe('waiting for istio-proxy');
  });

  it('is that of the slowest pod', () => {
    const slow = pod({ name: 'gpt-new-2', containers: [initContainer()] });
    const two = {
      ...at(readyPod(), slow),
      deployment: deploymentSeen({ wanted: 2, replicas: 2, updated: 2 }),
    };
    expect(progressOf(two)).toMatchObject({ phase: 'downloading', pod: 'gpt-new-2' });
  });

  it('does not count a pod that was thrown out, or one that leaves', () => {
    const gone = [pod({ phase: 'Failed' }), pod({ leaving: true })];
    expect(progressOf(at(...gone))).toMatchObject({ phase: 'creating' });
  });

  it('is not ready while an old pod still answers, whatever the Deployment counts', () => {
    const oldPods = [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: false }];
    expect(progressOf({ ...stations.ready, oldPods }).line).toBe('waiting for the old pods to leave');
    expect(
      progressOf({
        ...stations.ready,
        oldPods: [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: true }],
      }).phase,
    ).toBe('ready');
  });

  it('does not believe a Deployment that has not looked at its own spec', () => {
    const stale = { ...stations.ready, deployment: deploymentSeen({ observed: false, available: 1 }) };
    expect(progressOf(stale).phase).toBe('controller');
  });

  it.each([
    [
      'a crash of the server',
      container({ state: 'waiting', crashes: 2, reason: 'CrashLoopBackOff' }),
      'the server ended 2× and is started again',
    ],
    ['the next try of the server', container({ crashes: 2 }), 'loading again after 2 crashes'],
    ['a sidecar that is late', container({ ready: true }), 'waiting for the other containers of the pod'],
  ])('says %s', (_title, server, line) => {
    expect(progressOf(at(pod({ phase: 'Running', containers: [server] }))).line).toBe(line);
  });

  it.each([
    ['a failed download', initContainer({ crashes: 1 }), 'storage-initializer failed 1× and is tried again'],
    [
      'a download that has not begun',
      initContainer({ state: 'waiting', reason: 'PodInitializing' }),
      'starting storage-initializer (PodInitializing)',
    ],
  ])('says %s', (_title, init, line) => {
    expect(progressOf(at(pod({ containers: [init] }))).line).toBe(line);
  });
});
