import type { ContainerStatus, ModelStatus, Pod } from './objects.ts';

/**
 * `status.modelStatus`, by one pod only, the first of the list: the old or the new one. It knows no reason but «Error» and
 * CrashLoopBackOff, and never forgets the last failure.
 */
export function modelStatus(
  before: ModelStatus = fresh,
  { pod, ready, copies }: { pod: Pod | undefined; ready: boolean; copies: number },
): ModelStatus {
  const { target, failure } = pod === undefined ? pending : (look(pod, ready) ?? unseen);
  const states = before.states ?? { activeModelState: '', targetModelState: '' };
  const lastFailureInfo = failure ?? before.lastFailureInfo;
  return {
    transitionStatus: transitions[target ?? ''] ?? before.transitionStatus,
    states: {
      activeModelState: target === 'Loaded' ? 'Loaded' : states.activeModelState,
      targetModelState: target ?? states.targetModelState,
    },
    copies: { failedCopies: 0, totalCopies: copies },
    ...(lastFailureInfo && { lastFailureInfo }),
  };
}

const fresh: ModelStatus = { transitionStatus: 'InProgress' };

const transitions: Record<string, string> = {
  Pending: 'InProgress',
  Loading: 'InProgress',
  Loaded: 'UpToDate',
  FailedToLoad: 'BlockedByFailedLoad',
};

interface Seen {
  readonly target: string;
  readonly failure?: NonNullable<ModelStatus['lastFailureInfo']>;
}

const pending: Partial<Seen> = { target: 'Pending' };
const unseen: Partial<Seen> = {};

function look(
  { status: { initContainerStatuses = [], containerStatuses = [] } = {} }: Pod,
  ready: boolean,
): Seen | undefined {
  const init = initContainerStatuses.find(({ name }) => name === 'storage-initializer');
  if (init?.state.running !== undefined)
    return init.lastState.terminated === undefined ? { target: 'Loading' } : undefined;
  const failed = failureOf(init);
  if (failed !== undefined || ready) return failed ?? { target: 'Loaded' };
  const server = containerStatuses.find(({ name }) => name === 'kserve-container');
  return server && (failureOf(server) ?? { target: 'Pending' });
}

function failureOf(container: ContainerStatus | undefined): Seen | undefined {
  if (container === undefined) return undefined;
  const { state, lastState } = container;
  const ended = state.terminated?.reason === 'Error' ? state.terminated : undefined;
  const looping = state.waiting?.reason === 'CrashLoopBackOff' ? lastState.terminated : undefined;
  const found = ended ?? looping;
  if (found === undefined) return undefined;
  const { exitCode, message } = found;
  return {
    target: 'FailedToLoad',
    // Go leaves a zero out.
    failure: {
      reason: 'ModelLoadFailed',
      ...(exitCode !== 0 && { exitCode }),
      ...(message !== undefined && { message }),
    },
  };
}
