import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../../../steps/lib/serving/observe.ts';
import { findProblems, type Problem } from '../../../../steps/lib/serving/problems.ts';
import {
  at,
  container,
  deploymentSeen,
  graces,
  initContainer,
  pod,
  serviceSeen,
  stations,
  target,
} from './snapshots.ts';

function only(snapshot: Snapshot): Problem {
  const problems = findProblems(snapshot, target, graces);
  expect(problems.map(({ code }) => code)).toHaveLength(1);
  return problems[0] as Problem;
}

function waiting(reason: string, message: string): Snapshot {
  return at(pod({ containers: [container({ state: 'waiting', reason, message })] }));
}

function condition(type: string, status: string, message: string) {
  return { type, status, reason: 'Because', message };
}

describe('what keeps a revision from being ready', () => {
  it.each<[string, Snapshot, number]>([
    ['LD101 UNSCHEDULABLE_GPU', stations.unscheduled, graces.scheduleMs],
    [
      'LD101 UNSCHEDULABLE_GPU',
      at(pod({ unscheduled: '0/2 nodes are available: 2 Insufficient amd.com/gpu.' })),
      graces.scheduleMs,
    ],
    [
      'LD102 UNSCHEDULABLE_TAINT',
      at(pod({ unscheduled: '0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}.' })),
      graces.scheduleMs,
    ],
    [
      'LD103 UNSCHEDULABLE_OTHER',
      at(pod({ unscheduled: '0/3 nodes are available: 3 Insufficient memory.' })),
      graces.scheduleMs,
    ],
    ['LD103 UNSCHEDULABLE_OTHER', at(pod({ unscheduled: '' })), graces.scheduleMs],
    [
      'LD110 IMAGE_PULL',
      waiting('ErrImagePull', 'unauthorized: access to the requested resource is not authorized'),
      graces.imageMs,
    ],
    ['LD110 IMAGE_PULL', waiting('ImagePullBackOff', 'Back-off pulling image "x"'), graces.imageMs],
    ['LD110 IMAGE_PULL', waiting('InvalidImageName', 'couldn\'t parse image reference "X y"'), 0],
    ['LD140 CONFIG_ERROR', waiting('CreateContainerConfigError', 'secret "data" not found'), graces.configMs],
    [
      'LD140 CONFIG_ERROR',
      at(
        pod({
          containers: [initContainer({ state: 'waiting' })],
          warnings: ['FailedMount: MountVolume.SetUp failed for volume "ca": configmap "ca" not found'],
        }),
      ),
      graces.configMs,
    ],
    [
      'LD142 POD_SANDBOX',
      at(
        pod({
          containers: [container({ state: 'waiting', reason: 'ContainerCreating' })],
          warnings: [
            'FailedCreatePodSandBox: Failed to create pod sandbox: rpc error: code = Unknown desc = failed to set up the network',
          ],
        }),
      ),
      Infinity,
    ],
    [
      'LD141 FAILED_CREATE',
      { ...stations.leavingOld, replicaFailure: 'pods "x" is forbidden: exceeded quota: gpus' },
      graces.configMs,
    ],
    [
      'LD150 ISVC_INVALID',
      {
        ...stations.loading,
        service: serviceSeen({ transition: 'InvalidSpec', lastFailure: 'RuntimeNotRecognized: x' }),
      },
      graces.configMs,
    ],
    [
      'LD151 ISVC_INGRESS',
      {
        ...stations.ready,
        service: serviceSeen({
          ready: false,
          conditions: [condition('IngressReady', 'False', 'host is taken')],
        }),
      },
      graces.controllerMs,
    ],
    ['LD170 STALE_READY', stations.lagging, graces.controllerMs],
    ['LD170 STALE_READY', stations.nothing, graces.controllerMs],
    ['LD174 RESTARTED', { ...stations.loading, deployment: deploymentSeen({ restarted: true }) }, Infinity],
    ['LD172 STOPPED', { service: serviceSeen({ stopped: true }), pods: [], oldPods: [] }, graces.configMs],
    [
      'LD138 EVICTED',
      at(pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' })),
      Infinity,
    ],
    [
      'LD125 INIT_DISK',
      at(
        pod({
          phase: 'Failed',
          reason: 'Evicted',
          message: 'Pod ephemeral local storage usage exceeds the total limit',
        }),
      ),
      Infinity,
    ],
    ['LD139 CRASHED', at(pod({ containers: [container({ crashes: 1, ended: { exitCode: 1 } })] })), Infinity],
    ['LD139 CRASHED', at(pod({ containers: [container({ crashes: 3, ended: { exitCode: 1 } })] })), 0],
  ])('%s', (code, snapshot, graceMs) => {
    const problem = only(snapshot);
    expect(problem).toMatchObject({ code, graceMs });
    expect(problem.headline).not.toBe('');
    expect(problem.hint).not.toBe('');
    expect(problem.evidence.length).toBeGreaterThan(0);
  });

  it.each(['leavingOld', 'downloading', 'pulling', 'loading', 'unavailable', 'oldStays', 'ready'] as const)(
    'is nothing at the station %s',
    (station) => {
      expect(findProblems(stations[station], target, graces)).toEqual([]);
    },
  );

  it('is only told while it lasts: a container that came up again has no problem', () => {
    const recovered = container({ crashes: 2, ready: true, ended: { exitCode: 1 } });
    expect(findProblems(at(pod({ containers: [recovered] })), target, graces)).toEqual([]);
  });

  it('says when the service calls itself Ready by its old pod', () => {
    const conditions = [condition('PredictorReady', 'False', 'x'), { type: 'Stopped', status: 'False' }];
    const problem = only({ ...stations.lagging, service: serviceSeen({ conditions }) });
    expect(problem.headline).toContain('calls itself Ready by its old pod');
    expect(problem.evidence).toEqual([
      'its source is old (Deployment gpt-predictor)',
      'PredictorReady=False Because x (InferenceService)',
    ]);
  });
});

function toldBy(log: string): Snapshot {
  return at(pod({ containers: [initContainer({ crashes: 3, ended: { exitCode: 1 }, log })] }));
}

function unscheduled(said: string): Snapshot {
  return at(pod({ unscheduled: said }));
}

describe('what speaks against the revision', () => {
  it.each<[string, Snapshot, Problem['failure']]>([
    ['no free GPU', stations.unscheduled, 'unavailable'],
    ['a cordoned node', unscheduled('0/1 nodes are available: 1 node(s) were unschedulable.'), 'unavailable'],
    ['a queue', unscheduled('Scheduling is blocked due to non-empty scheduling gates'), 'unavailable'],
    ['no memory left', unscheduled('0/1 nodes are available: 1 Insufficient memory.'), 'refused'],
    [
      'a taint',
      unscheduled('0/1 nodes are available: 1 node(s) had untolerated taint {dedicated: ai}.'),
      'refused',
    ],
    ['a registry that is away', waiting('ErrImagePull', 'dial tcp 10.0.0.1:443: i/o timeout'), 'unavailable'],
    ['a registry that asks who we are', waiting('ErrImagePull', 'unauthorized'), 'refused'],
    ['an image that is not there', waiting('ErrImagePull', 'manifest unknown'), undefined],
    ['S3 that is away', toldBy('Could not connect to the endpoint URL'), 'unavailable'],
    ['other keys of S3', toldBy('InvalidAccessKeyId'), 'refused'],
    ['an authority that is not trusted', toldBy('SSL validation failed'), 'refused'],
    ['nothing under the path', toldBy('No model found in models/gpt/'), undefined],
    ['a Secret that is not there', waiting('CreateContainerConfigError', 'secret "x" not found'), 'refused'],
    ['a command that is not there', waiting('RunContainerError', 'exec: "vllm": not found'), undefined],
    ['a volume that is not there', at(pod({ warnings: ['FailedMount: no ConfigMap ca'] })), 'refused'],
    ['a node without a network', at(pod({ warnings: ['FailedCreatePodSandBox: CNI'] })), 'unavailable'],
    ['a quota', { ...at(), pods: [], replicaFailure: 'exceeded quota' }, 'refused'],
    ['a controller that sleeps', stations.lagging, 'unavailable'],
    [
      'a service that was stopped',
      { service: serviceSeen({ stopped: true }), pods: [], oldPods: [] },
      'refused',
    ],
    [
      'a service without an address',
      { ...stations.ready, service: serviceSeen({ conditions: [condition('IngressReady', 'False', '')] }) },
      'unavailable',
    ],
    ['a crash', at(pod({ containers: [container({ crashes: 3, ended: { exitCode: 1 } })] })), undefined],
  ])('%s', (_title, snapshot, failure) => {
    expect(only(snapshot).failure).toBe(failure);
  });
});
