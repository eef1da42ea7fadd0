import type { KubeObject } from '../cluster.ts';
import { present } from './present.ts';

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

/** A pod that ended for good stays listed while its successor loads. */
export function isActive({ leaving, phase }: Pick<PodSeen, 'leaving' | 'phase'>): boolean {
  return !leaving && phase !== 'Failed' && phase !== 'Succeeded';
}

type ContainerWithoutLog = Omit<ContainerSeen, 'log'>;

type PodWithoutWords = Omit<PodSeen, 'containers' | 'warnings'> & {
  readonly containers: readonly ContainerWithoutLog[];
};

export function readPod({ metadata, status = {} }: Pod): PodWithoutWords {
  const { conditions = [], initContainerStatuses = [], containerStatuses = [] } = status;
  const placed = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return {
    name: metadata.name,
    phase: status.phase ?? 'Pending',
    ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    leaving: metadata.deletionTimestamp !== undefined,
    ...present({
      reason: status.reason,
      message: status.message,
      unscheduled: placed && (placed.message ?? placed.reason ?? ''),
    }),
    containers: [
      ...initContainerStatuses.map((each) => readContainer(each, true)),
      ...containerStatuses.map((each) => readContainer(each, false)),
    ],
  };
}

function readContainer(status: ContainerStatus, init: boolean): ContainerWithoutLog {
  const { waiting, running, terminated } = status.state ?? {};
  const done = init && terminated?.exitCode === 0;
  const ends = Number(hasEnded(status.state) && !done);
  return {
    name: status.name,
    init,
    state: terminated ? 'terminated' : stateOf(running),
    ready: status.ready ?? false,
    done,
    crashes: (status.restartCount ?? 0) + ends,
    ...present({
      reason: waiting?.reason,
      message: waiting?.message,
      ended: terminated ?? status.lastState?.terminated,
    }),
  };
}

/** Such an end is not in restartCount yet, which is raised when the next container is there. */
function hasEnded({ terminated, waiting }: ContainerState = {}): boolean {
  return terminated !== undefined || waiting?.reason === 'CrashLoopBackOff';
}

function stateOf(running: object | undefined): 'running' | 'waiting' {
  return running ? 'running' : 'waiting';
}
