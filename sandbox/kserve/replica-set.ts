import { randomBytes } from 'node:crypto';
import { ownerReference, refOf } from '../cluster.ts';
import { isOwnedBy, isReady, isTerminating, pods, timestamp, withCondition } from './objects.ts';
import type { Pod, ReplicaSet } from './objects.ts';
import { admitPod } from './pod-webhook.ts';
import { terminate } from './terminate.ts';
import type { World } from './world.ts';

/** One step of the ReplicaSet controller: pods made or ended, the status. */
export function reconcileReplicaSet(world: World, set: ReplicaSet): void {
  const { controllers } = world;
  const replicas = set.spec.replicas ?? 1;
  const living = podsOf(world, set).filter((pod) => !isTerminating(pod));
  let failure: string | undefined;
  for (let n = living.length; n < replicas && failure === undefined; n += 1) failure = createPod(world, set);
  if (living.length > replicas)
    for (const pod of [...living].sort(expendableFirst).slice(0, living.length - replicas))
      terminate(world, pod);
  const now = podsOf(world, set).filter((pod) => !isTerminating(pod));
  const ready = now.filter(isReady).length;
  const conditions =
    failure === undefined
      ? []
      : withCondition(set.status?.conditions, {
          type: 'ReplicaFailure',
          status: 'True',
          reason: 'FailedCreate',
          message: failure,
        });
  const status = {
    replicas: now.length,
    fullyLabeledReplicas: now.length,
    readyReplicas: ready,
    availableReplicas: ready,
    ...(set.metadata.generation !== undefined && { observedGeneration: set.metadata.generation }),
    ...(conditions.length > 0 && { conditions }),
  };
  controllers.update(refOf(set), (draft) => void (draft['status'] = status), 'kube-controller-manager');
}

/** Makes one pod, if the webhooks let it pass; else gives their words, says them in an Event, and tries again later. */
function createPod(world: World, set: ReplicaSet): string | undefined {
  const { controllers, timings } = world;
  const { namespace } = set.metadata;
  const { template } = set.spec;
  const admitted = admitPod(world, { namespace: namespace ?? '', template });
  if ('denied' in admitted) {
    controllers.event({
      ...asController,
      about: set,
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: ${admitted.denied}`,
    });
    world.again(timings.backoffMs);
    return admitted.denied;
  }
  const pod = controllers.put(
    {
      ...pods,
      metadata: {
        name: `${set.metadata.name}-${randomName()}`,
        ...(namespace !== undefined && { namespace }),
        ...template.metadata,
        ownerReferences: [ownerReference(set)],
      },
      spec: { serviceAccountName: 'default', restartPolicy: 'Always', ...admitted.spec },
      status: { phase: 'Pending', startTime: timestamp() },
    },
    'kube-controller-manager',
  );
  controllers.event({
    ...asController,
    about: set,
    type: 'Normal',
    reason: 'SuccessfulCreate',
    message: `Created pod: ${pod.metadata.name}`,
  });
  return undefined;
}

const asController = { from: 'replicaset-controller' };

function podsOf({ controllers }: World, set: ReplicaSet): Pod[] {
  const { namespace } = set.metadata;
  return (controllers.list({ ...pods, ...(namespace !== undefined && { namespace }) }) as Pod[]).filter(
    (pod) => isOwnedBy(pod, set),
  );
}

/** Unscheduled before scheduled, not ready before ready. */
function expendableFirst(a: Pod, b: Pod): number {
  return rank(a) - rank(b);
}

function rank(pod: Pod): number {
  return (pod.spec.nodeName === undefined ? 0 : 1) + (isReady(pod) ? 2 : 0);
}

function randomName(): string {
  return [...randomBytes(5)].map((byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('');
}
