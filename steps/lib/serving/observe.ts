import type { Cluster, KubeObject } from '../cluster.ts';
import { readLock } from './lock.ts';
import { type Deployment, type DeploymentSeen, readDeployment } from './deployment-seen.ts';
import { listenTo } from './listen.ts';
import { type Pod, type PodSeen, readPod } from './pods.ts';
import { readRecord } from './record.ts';
import {
  type Condition,
  type InferenceService,
  type Pair,
  runtimeRef,
  serviceRef,
  type ServingRuntime,
} from './service.ts';
import { readService, type ServiceSeen } from './service-seen.ts';
import { type PodTemplate, type Target, type Templated, templateLag } from './target.ts';

/** Everything that readiness is decided from, read at one moment. */
export interface Snapshot {
  readonly service?: ServiceSeen;
  readonly deployment?: DeploymentSeen;
  /** Why the newest ReplicaSet cannot make pods. */
  readonly replicaFailure?: string;
  /** Of the newest ReplicaSet, when its template is the wanted one. */
  readonly pods: readonly PodSeen[];
  /** Of other templates. */
  readonly oldPods: readonly Pick<PodSeen, 'name' | 'phase' | 'ready' | 'leaving'>[];
  /** What a run of ours means to roll out, and a run that waits for us to make way. */
  readonly candidate?: Pair;
  readonly wantedBy?: string;
}

export async function observe(cluster: Cluster, target: Target, signal?: AbortSignal): Promise<Snapshot> {
  const { namespace, service: name } = target;
  const [service, deployment, runtime, record, lock] = await Promise.all([
    cluster.get<InferenceService>(serviceRef(namespace, name), signal),
    cluster.get<Deployment>(
      { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-predictor`, namespace },
      signal,
    ),
    cluster.get<ServingRuntime>(runtimeRef(namespace, target.runtime), signal),
    readRecord(cluster, { namespace, service: name }, signal),
    readLock(cluster, { namespace, service: name }, signal),
  ]);
  const shared = {
    ...(record?.candidate && { candidate: record.candidate }),
    ...(lock.wanted && { wantedBy: lock.wanted }),
  };
  if (!service) return { ...shared, pods: [], oldPods: [] };
  const seen = { ...shared, service: readService(service) };
  if (!deployment) return { ...seen, pods: [], oldPods: [] };
  const lag = templateLag(deployment.spec?.template, target, { service, runtime });
  const isWanted = (template: PodTemplate | undefined) =>
    templateLag(template, target, { service, runtime }) === undefined;
  const workload = await observePods(cluster, { deployment, target, isWanted }, signal);
  return { ...seen, deployment: readDeployment(deployment, lag), ...workload };
}

interface ReplicaSet extends Templated {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Workload {
  readonly deployment: Deployment;
  readonly target: Target;
  readonly isWanted: (template: PodTemplate | undefined) => boolean;
}

async function observePods(
  cluster: Cluster,
  { deployment, target, isWanted }: Workload,
  signal?: AbortSignal,
): Promise<Pick<Snapshot, 'pods' | 'oldPods' | 'replicaFailure'>> {
  const { namespace } = target;
  const labelSelector = `serving.kserve.io/inferenceservice=${target.service}`;
  const [sets, pods] = await Promise.all([
    cluster.list<ReplicaSet>({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace, labelSelector }, signal),
    cluster.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace, labelSelector }, signal),
  ]);
  const newest = sets.find((set) => owns(deployment, set) && revisionOf(set) === revisionOf(deployment));
  // The Deployment's revision lags behind its template for a moment, so the set's own template counts.
  const fresh = newest !== undefined && isWanted(newest.spec?.template);
  const isNew = (pod: Pod) => fresh && newest !== undefined && owns(newest, pod);
  const ours = pods.filter(
    (pod) => isNew(pod) || sets.some((set) => owns(deployment, set) && owns(set, pod)),
  );
  const failure = newest?.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  return {
    ...(fresh && failure && { replicaFailure: failure.message ?? failure.reason ?? '' }),
    pods: await Promise.all(ours.filter(isNew).map((pod) => listenTo(cluster, pod, namespace, signal))),
    oldPods: ours.filter((pod) => !isNew(pod)).map((pod) => readPod(pod)),
  };
}

function owns(owner: KubeObject, { metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;
}

function revisionOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.['deployment.kubernetes.io/revision'];
}
