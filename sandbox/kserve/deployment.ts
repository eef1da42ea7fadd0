import { createHash } from 'node:crypto';
import { ownerReference, refOf } from '../cluster.ts';
import { deploymentStatus } from './deployment-status.ts';
import { isOwnedBy, pods, replicaSets } from './objects.ts';
import type { Deployment, ReplicaSet } from './objects.ts';
import { canonical } from './canonical.ts';
import { strategyBounds } from './strategy-bounds.ts';
import type { World } from './world.ts';

const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** One step of the Deployment controller: the ReplicaSet of the template, the strategy, the status. */
export function reconcileDeployment(world: World, deployment: Deployment): void {
  const current = ensureReplicaSet(world, deployment);
  const old = ownedBy(world.controllers, deployment).filter(
    ({ metadata }) => metadata.name !== current.metadata.name,
  );
  if (deployment.spec.strategy?.type === 'Recreate') recreate(world, deployment, { current, old });
  else roll(world, deployment, { current, old });
  const all = ownedBy(world.controllers, deployment);
  const status = deploymentStatus(deployment, {
    current: find(all, current),
    all,
    deadlineMs: world.timings.progressDeadlineMs,
  });
  world.controllers.update(
    refOf(deployment),
    (draft) => void (draft['status'] = status),
    'kube-controller-manager',
  );
  if (status.conditions?.some(({ type, reason }) => type === 'Progressing' && reason === 'ReplicaSetUpdated'))
    world.again(world.timings.progressDeadlineMs);
}

/** A ReplicaSet per pod template: going back to an earlier template finds the earlier one again. */
function ensureReplicaSet({ controllers }: World, deployment: Deployment): ReplicaSet {
  const { metadata, spec } = deployment;
  const hash = templateHash(spec.template);
  const name = `${metadata.name}-${hash}`;
  const all = ownedBy(controllers, deployment);
  const existing = all.find((set) => set.metadata.name === name);
  const newest = Math.max(0, ...all.map(revisionOf));
  if (existing !== undefined && revisionOf(existing) === newest) return existing;
  const revision = String(newest + 1);
  const annotations = { ...metadata.annotations, [revisionAnnotation]: revision };
  controllers.update(refOf(deployment), (draft) => {
    draft.metadata['annotations'] = { ...metadata.annotations, [revisionAnnotation]: revision };
  });
  if (existing !== undefined)
    return controllers.update(
      refOf(existing),
      (draft) => void (draft.metadata['annotations'] = annotations),
    ) as ReplicaSet;
  const labels = { ...spec.template.metadata?.labels, 'pod-template-hash': hash };
  return controllers.put(
    {
      ...replicaSets,
      metadata: {
        name,
        ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
        labels,
        annotations,
        ownerReferences: [ownerReference(deployment)],
      },
      spec: {
        replicas: 0,
        selector: { matchLabels: { ...spec.selector.matchLabels, 'pod-template-hash': hash } },
        template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
      },
    },
    'kube-controller-manager',
  ) as ReplicaSet;
}

interface Sets {
  readonly current: ReplicaSet;
  readonly old: readonly ReplicaSet[];
}

/** Old pods go first, all of them, also from their node; only then do new ones come. */
function recreate(world: World, deployment: Deployment, { current, old }: Sets): void {
  for (const set of old) scale(world, deployment, set, 0);
  const left = world.controllers
    .list({ ...pods, ...inNamespace(deployment) })
    .some((pod) => old.some((set) => isOwnedBy(pod, set)));
  if (!left) scale(world, deployment, current, wanted(deployment));
}

/** A surge first, then old pods as far as enough are available. */
function roll(world: World, deployment: Deployment, { current, old }: Sets): void {
  const replicas = wanted(deployment);
  const { maxSurge, maxUnavailable } = strategyBounds(deployment);
  const total = [current, ...old].reduce((sum, set) => sum + size(set), 0);
  if (size(current) > replicas) scale(world, deployment, current, replicas);
  else if (size(current) < replicas)
    scale(
      world,
      deployment,
      current,
      Math.min(replicas, size(current) + Math.max(0, replicas + maxSurge - total)),
    );
  const available = [current, ...old].reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
  const newUnavailable = size(current) - (current.status?.availableReplicas ?? 0);
  let spare = total - (replicas - maxUnavailable) - newUnavailable;
  let free = available - (replicas - maxUnavailable);
  for (const set of old) {
    const unhealthy = Math.min(Math.max(0, spare), size(set) - (set.status?.availableReplicas ?? 0));
    const healthy = Math.min(Math.max(0, free), Math.max(0, spare - unhealthy), size(set) - unhealthy);
    if (unhealthy + healthy > 0) scale(world, deployment, set, size(set) - unhealthy - healthy);
    spare -= unhealthy + healthy;
    free -= healthy;
  }
}

function scale({ controllers }: World, deployment: Deployment, set: ReplicaSet, replicas: number): void {
  if (size(set) === replicas) return;
  controllers.update(
    refOf(set),
    (draft) => void (draft['spec'] = { ...set.spec, replicas }),
    'kube-controller-manager',
  );
  const direction = replicas > size(set) ? 'up' : 'down';
  controllers.event({
    about: deployment,
    type: 'Normal',
    reason: 'ScalingReplicaSet',
    message: `Scaled ${direction} replica set ${set.metadata.name} from ${size(set)} to ${replicas}`,
    from: 'deployment-controller',
  });
}

function ownedBy(controllers: World['controllers'], deployment: Deployment): ReplicaSet[] {
  return (controllers.list({ ...replicaSets, ...inNamespace(deployment) }) as ReplicaSet[]).filter((set) =>
    isOwnedBy(set, deployment),
  );
}

function find(sets: readonly ReplicaSet[], { metadata }: ReplicaSet): ReplicaSet | undefined {
  return sets.find((set) => set.metadata.name === metadata.name);
}

function inNamespace({ metadata }: Deployment): { namespace?: string } {
  return metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[revisionAnnotation] ?? 0);
}

function size({ spec }: ReplicaSet): number {
  return spec.replicas ?? 1;
}

function wanted({ spec }: Deployment): number {
  return spec.replicas ?? 1;
}

/** Ten characters of the alphabet that Kubernetes writes hashes with. */
function templateHash(template: unknown): string {
  const digest = createHash('sha256').update(canonical(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => 'bcdfghjklmnpqrstvwxz2456789'[byte % 27]).join('');
}
