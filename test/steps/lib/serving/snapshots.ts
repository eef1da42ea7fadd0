import type { DeploymentSeen } from '../../../../steps/lib/serving/deployment-seen.ts';
import type { Snapshot } from '../../../../steps/lib/serving/observe.ts';
import type { ContainerSeen, PodSeen } from '../../../../steps/lib/serving/pods.ts';
import { defaultGraces } from '../../../../steps/lib/serving/problems.ts';
import type { ServiceSeen } from '../../../../steps/lib/serving/service-seen.ts';
import type { Target } from '../../../../steps/lib/serving/target.ts';
import { namespace, service } from './rollout.ts';

export const target: Target = { service, namespace, runtime: 'gpt-new', path: 'models/gpt/new/' };
export const graces = defaultGraces;

export function serviceSeen(changes: Partial<ServiceSeen> = {}): ServiceSeen {
  return {
    pair: { runtime: target.runtime, path: target.path },
    leaving: false,
    stopped: false,
    ready: true,
    url: 'https://gpt.example.com',
    conditions: [],
    ...changes,
  };
}

export function deploymentSeen(changes: Partial<DeploymentSeen> = {}): DeploymentSeen {
  return {
    name: 'gpt-predictor',
    observed: true,
    wanted: 1,
    replicas: 1,
    updated: 1,
    available: 0,
    strategy: 'Recreate',
    restarted: false,
    ...changes,
  };
}

export function container(changes: Partial<ContainerSeen> = {}): ContainerSeen {
  return {
    name: 'kserve-container',
    init: false,
    state: 'running',
    ready: false,
    done: false,
    crashes: 0,
    log: '',
    ...changes,
  };
}

export function initContainer(changes: Partial<ContainerSeen> = {}): ContainerSeen {
  return container({ name: 'storage-initializer', init: true, ...changes });
}

const waitingServer = container({ state: 'waiting', reason: 'PodInitializing' });
const doneInit = initContainer({ state: 'terminated', done: true, ready: true, ended: { exitCode: 0 } });

export function pod(changes: Partial<PodSeen> = {}): PodSeen {
  return {
    name: 'gpt-new-1',
    phase: 'Pending',
    ready: false,
    leaving: false,
    containers: [],
    warnings: [],
    ...changes,
  };
}

/** The stations of a roll-out that goes well, in their order. */
export const stations = {
  nothing: { service: serviceSeen({ ready: false }), pods: [], oldPods: [] },
  lagging: {
    service: serviceSeen(),
    deployment: deploymentSeen({ lag: 'its source is old', available: 1 }),
    pods: [],
    oldPods: [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: false }],
  },
  leavingOld: {
    service: serviceSeen({ ready: false }),
    deployment: deploymentSeen({ replicas: 0, updated: 0 }),
    pods: [],
    oldPods: [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: true }],
  },
  unscheduled: at(pod({ unscheduled: '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.' })),
  downloading: at(
    pod({ containers: [initContainer({ log: 'Found S3 object: a (2000000000 bytes)' }), waitingServer] }),
  ),
  pulling: at(pod({ containers: [doneInit, container({ state: 'waiting', reason: 'ContainerCreating' })] })),
  loading: at(
    pod({ phase: 'Running', containers: [doneInit, container({ log: 'Starting to load model' })] }),
  ),
  unavailable: { ...at(readyPod()), deployment: deploymentSeen({ available: 0 }) },
  oldStays: {
    ...at(readyPod()),
    deployment: deploymentSeen({ available: 1, replicas: 2 }),
    oldPods: [{ name: 'gpt-old-1', phase: 'Running', ready: true, leaving: false }],
  },
  addressless: {
    ...at(readyPod()),
    deployment: deploymentSeen({ available: 1 }),
    service: serviceSeen({ ready: false }),
  },
  ready: { ...at(readyPod()), deployment: deploymentSeen({ available: 1 }) },
} as const satisfies Record<string, Snapshot>;

export function readyPod(): PodSeen {
  return pod({ phase: 'Running', ready: true, containers: [doneInit, container({ ready: true })] });
}

/** A snapshot with one pod of the new revision. */
export function at(...pods: PodSeen[]): Snapshot {
  return { service: serviceSeen(), deployment: deploymentSeen(), pods, oldPods: [] };
}
