import { refOf } from '../cluster.ts';
import { timestamp, withCondition } from './objects.ts';
import type { Condition, ContainerStatus, Pod, PodSpec, PodStatus } from './objects.ts';
import type { World } from './world.ts';

export type ContainerKind = 'init' | 'main';

/** Writes what becomes of a pod's containers into its status. */
export interface StatusWriter {
  set(container: { name: string; kind: ContainerKind }, change: Partial<ContainerStatus>): void;
  get(name: string): ContainerStatus | undefined;
}

export function createStatusWriter({ controllers }: World, pod: Pod): StatusWriter {
  const init = initial(pod.spec.initContainers ?? []);
  const main = initial(pod.spec.containers);
  const write = () => {
    const current = controllers.get(refOf(pod)) as Pod | undefined;
    if (current?.metadata.uid !== pod.metadata.uid) return;
    const status = podStatus(current?.status, [...init.values()], [...main.values()]);
    controllers.update(refOf(pod), (draft) => void (draft['status'] = status), 'kubelet');
  };
  return {
    set: ({ name, kind }, change) => {
      const statuses = kind === 'init' ? init : main;
      const before = statuses.get(name);
      if (before !== undefined) statuses.set(name, { ...before, ...change });
      write();
    },
    get: (name) => main.get(name) ?? init.get(name),
  };
}

function initial(containers: PodSpec['containers']): Map<string, ContainerStatus> {
  return new Map(
    containers.map(({ name, image = '' }) => [
      name,
      {
        name,
        image,
        imageID: '',
        ready: false,
        started: false,
        restartCount: 0,
        state: { waiting: { reason: 'PodInitializing' } },
        lastState: {},
      },
    ]),
  );
}

function podStatus(
  before: PodStatus | undefined,
  init: ContainerStatus[],
  main: ContainerStatus[],
): PodStatus {
  const waiting = init.filter(({ state }) => state.terminated?.exitCode !== 0).map(({ name }) => name);
  const unready = main.filter(({ ready }) => !ready).map(({ name }) => name);
  const initialized = condition('Initialized', waiting, 'ContainersNotInitialized', 'incomplete');
  const conditions = [
    initialized,
    condition('ContainersReady', unready, 'ContainersNotReady', 'unready'),
    condition('Ready', unready, 'ContainersNotReady', 'unready'),
  ].reduce<Condition[]>((list, next) => withCondition(list, next), [...(before?.conditions ?? [])]);
  const running =
    waiting.length === 0 &&
    main.some(({ state, restartCount }) => state.running ?? state.terminated ?? restartCount > 0);
  return {
    ...before,
    phase: running ? 'Running' : 'Pending',
    startTime: before?.startTime ?? timestamp(),
    podIP: '127.0.0.1',
    conditions,
    ...(init.length > 0 && { initContainerStatuses: init }),
    containerStatuses: main,
  };
}

function condition(type: string, missing: readonly string[], reason: string, word: string): Condition {
  return missing.length === 0
    ? { type, status: 'True' }
    : { type, status: 'False', reason, message: `containers with ${word} status: [${missing.join(' ')}]` };
}
