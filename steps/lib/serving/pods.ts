import type { KubeObject } from '../cluster.ts';

/** The part of a Pod that readiness is read from. */
export interface Pod extends KubeObject {
  readonly spec?: {
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: object;
  readonly terminated?: Terminated;
}

export interface Terminated {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
}

/** A pod of the new template, with what its containers say. */
export interface PodSeen {
  readonly name: string;
  readonly phase: string;
  /** `Evicted`, `NodeLost` …, with the kubelet's words. */
  readonly reason?: string;
  readonly message?: string;
  readonly ready: boolean;
  readonly leaving: boolean;
  /** Why no node takes it; absent once one did. */
  readonly unscheduled?: string;
  readonly containers: readonly ContainerSeen[];
  /** Warnings about it, oldest first: `FailedMount: …`. */
  readonly warnings: readonly string[];
}

export interface ContainerSeen {
  readonly name: string;
  readonly init: boolean;
  readonly state: 'waiting' | 'running' | 'terminated';
  /** Of the state `waiting`: `ImagePullBackOff`, `CrashLoopBackOff` … */
  readonly reason?: string;
  readonly message?: string;
  readonly ready: boolean;
  readonly done: boolean;
  /** How often it ended although it should not have; for a server an exit 0 counts too. */
  readonly crashes: number;
  /** How it ended last. */
  readonly ended?: Terminated;
  /** The end of its log; after a crash of the run before. */
  readonly log: string;
}

type ContainerWithoutLog = Omit<ContainerSeen, 'log'>;

export function readPod(pod: Pod): Omit<PodSeen, 'containers' | 'warnings'> & {
  readonly containers: readonly ContainerWithoutLog[];
} {
  const { phase = 'Pending', reason, message, conditions = [] } = pod.status ?? {};
  const placed = conditions.find(({ type }) => type === 'PodScheduled');
  const ready = conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  return {
    name: pod.metadata.name,
    phase,
    ...(reason && { reason }),
    ...(message && { message }),
    ready,
    leaving: pod.metadata.deletionTimestamp !== undefined,
    ...(placed?.status === 'False' && { unscheduled: placed.message ?? placed.reason ?? '' }),
    containers: [
      ...(pod.status?.initContainerStatuses ?? []).map((status) => readContainer(status, true)),
      ...(pod.status?.containerStatuses ?? []).map((status) => readContainer(status, false)),
    ],
  };
}

function readContainer(status: ContainerStatus, init: boolean): ContainerWithoutLog {
  const { state = {}, lastState = {}, restartCount = 0, ready = false } = status;
  const ended = state.terminated ?? lastState.terminated;
  const done = init && state.terminated?.exitCode === 0;
  const waiting = state.waiting;
  return {
    name: status.name,
    init,
    state: state.terminated ? 'terminated' : state.running ? 'running' : 'waiting',
    ...(waiting?.reason && { reason: waiting.reason }),
    ...(waiting?.message && { message: waiting.message }),
    ready,
    done,
    crashes: restartCount + (state.terminated && !done ? 1 : 0),
    ...(ended && { ended }),
  };
}
