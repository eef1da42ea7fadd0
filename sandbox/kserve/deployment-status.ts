import { timestamp, withCondition } from './objects.ts';
import type { Condition, Counts, Deployment, DeploymentStatus, ReplicaSet } from './objects.ts';
import { strategyBounds } from './strategy-bounds.ts';

/** What the Deployment controller reports. A deadline that passed is taken back when the roll-out goes on. */
export function deploymentStatus(
  deployment: Deployment,
  {
    current,
    all,
    deadlineMs,
  }: { current: ReplicaSet | undefined; all: readonly ReplicaSet[]; deadlineMs: number },
): DeploymentStatus {
  const { metadata, spec, status: before } = deployment;
  const wanted = spec.replicas ?? 1;
  const counts = count(wanted, current, all);
  const { updatedReplicas, replicas, availableReplicas } = counts;
  const conditions = [
    availability(deployment, availableReplicas),
    progress(before?.conditions, {
      complete: updatedReplicas === wanted && replicas === wanted && availableReplicas >= wanted,
      progressed: moved(before, counts) || metadata.generation !== before?.observedGeneration,
      deadlineMs,
      name: current?.metadata.name ?? '',
    }),
  ].reduce<Condition[]>((list, next) => withCondition(list, next), [...(before?.conditions ?? [])]);
  return {
    ...(metadata.generation !== undefined && { observedGeneration: metadata.generation }),
    ...counts,
    conditions: replicaFailure(conditions, all),
  };
}

function count(wanted: number, current: ReplicaSet | undefined, all: readonly ReplicaSet[]) {
  const sum = (field: keyof Counts) => all.reduce((total, { status }) => total + (status?.[field] ?? 0), 0);
  const availableReplicas = sum('availableReplicas');
  return {
    replicas: sum('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: sum('readyReplicas'),
    availableReplicas,
    unavailableReplicas: Math.max(0, wanted - availableReplicas),
  };
}

/** As many as the strategy lets be available at any time. */
function availability(deployment: Deployment, available: number): Condition {
  const enough = available >= (deployment.spec.replicas ?? 1) - strategyBounds(deployment).maxUnavailable;
  return enough
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function progress(
  before: readonly Condition[] | undefined,
  {
    complete,
    progressed,
    deadlineMs,
    name,
  }: { complete: boolean; progressed: boolean; deadlineMs: number; name: string },
): Condition {
  const old = before?.find(({ type }) => type === 'Progressing');
  const now = new Date();
  const done = {
    type: 'Progressing',
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "${name}" has successfully progressed.`,
  };
  if (complete)
    return old?.reason === done.reason && old.message === done.message
      ? old
      : { ...done, lastUpdateTime: timestamp(now) };
  if (!progressed && old !== undefined) {
    const since = Date.parse(old.lastUpdateTime ?? timestamp(now));
    if (
      old.reason === 'NewReplicaSetAvailable' ||
      old.status === 'False' ||
      now.getTime() - since < deadlineMs
    )
      return old;
    return {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: `ReplicaSet "${name}" has timed out progressing.`,
      lastUpdateTime: timestamp(now),
    };
  }
  return {
    type: 'Progressing',
    status: 'True',
    reason: 'ReplicaSetUpdated',
    message: `ReplicaSet "${name}" is progressing.`,
    lastUpdateTime: now.toISOString(),
  };
}

function moved(
  before: DeploymentStatus | undefined,
  now: Pick<DeploymentStatus, 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'>,
): boolean {
  return (
    (now.updatedReplicas ?? 0) > (before?.updatedReplicas ?? 0) ||
    (now.readyReplicas ?? 0) > (before?.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (before?.availableReplicas ?? 0)
  );
}

function replicaFailure(conditions: Condition[], all: readonly ReplicaSet[]): Condition[] {
  const failure = all
    .flatMap(({ status }) => status?.conditions ?? [])
    .find(({ type }) => type === 'ReplicaFailure');
  return failure === undefined
    ? conditions.filter(({ type }) => type !== 'ReplicaFailure')
    : withCondition(conditions, failure);
}
