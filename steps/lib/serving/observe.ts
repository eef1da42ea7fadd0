import type { Cluster, KubeObject } from '../cluster.ts';
import { readLock } from './lock.ts';
import { type ContainerSeen, type Pod, type PodSeen, readPod } from './pods.ts';
import { readRecord } from './record.ts';
import {
  type Condition,
  type InferenceService,
  type Pair,
  pairOf,
  runtimeRef,
  serviceRef,
  type ServingRuntime,
} from './service.ts';
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
  readonly oldPods: readonly { readonly name: string; readonly ready: boolean; readonly leaving: boolean }[];
  /** What a run of ours means to roll out, and a run that waits for us to make way. */
  readonly candidate?: Pair;
  readonly wantedBy?: string;
}

export interface ServiceSeen {
  readonly pair?: Pair;
  readonly leaving: boolean;
  readonly stopped: boolean;
  readonly ready: boolean;
  readonly url?: string;
  readonly conditions: readonly Condition[];
  readonly transition?: string;
  readonly lastFailure?: string;
  /** Who wrote it last. */
  readonly writer?: string;
}

export interface DeploymentSeen {
  readonly name: string;
  /** Why its template is not the wanted one. */
  readonly lag?: string;
  readonly observed: boolean;
  readonly wanted: number;
  readonly replicas: number;
  readonly updated: number;
  readonly available: number;
  readonly strategy: string;
}

/** Lines that are fetched of a log: the cause of a crash stands some hundred lines before the generic last one. */
const logLines = 400;

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

interface Deployment extends Templated {
  readonly spec?: Templated['spec'] & {
    readonly replicas?: number;
    readonly strategy?: { readonly type?: string };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
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

/** The pod with the ends of the logs and the warnings that say why it is not ready. */
async function listenTo(
  cluster: Cluster,
  pod: Pod,
  namespace: string,
  signal?: AbortSignal,
): Promise<PodSeen> {
  const seen = readPod(pod);
  if (seen.ready)
    return { ...seen, containers: seen.containers.map((each) => ({ ...each, log: '' })), warnings: [] };
  const [warnings, containers] = await Promise.all([
    listWarnings(cluster, pod, namespace, signal),
    Promise.all(
      seen.containers.map(async (container): Promise<ContainerSeen> => {
        if (!talks(container)) return { ...container, log: '' };
        const query = { namespace, pod: seen.name, container: container.name, tailLines: logLines };
        // While the next run has not crashed, the words of the one that did are in the log before.
        const previous = container.state !== 'terminated' && container.crashes > 0;
        return { ...container, log: await cluster.logs({ ...query, ...(previous && { previous }) }, signal) };
      }),
    ),
  ]);
  return { ...seen, warnings, containers };
}

/** Sidecars say nothing about the model unless they break. */
function talks({ done, state, crashes, name, init }: Omit<ContainerSeen, 'log'>): boolean {
  if (done || (state === 'waiting' && crashes === 0)) return false;
  return init || crashes > 0 || name === 'kserve-container';
}

async function listWarnings(
  cluster: Cluster,
  pod: Pod,
  namespace: string,
  signal?: AbortSignal,
): Promise<string[]> {
  interface Event extends KubeObject {
    readonly type?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly lastTimestamp?: string;
  }
  const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod.metadata.name}`;
  const events = await cluster.list<Event>(
    { apiVersion: 'v1', kind: 'Event', namespace, fieldSelector },
    signal,
  );
  return events
    .filter(({ type }) => type === 'Warning')
    .sort((a, b) => (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? ''))
    .map(({ reason, message }) => `${reason}: ${message}`)
    .slice(-10);
}

function readService(service: InferenceService): ServiceSeen {
  const { metadata, status = {} } = service;
  const conditions = status.conditions ?? [];
  const isTrue = (wanted: string) =>
    conditions.some(({ type, status }) => type === wanted && status === 'True');
  const pair = pairOf(service);
  const { transitionStatus, lastFailureInfo } = status.modelStatus ?? {};
  const failure = [lastFailureInfo?.reason, lastFailureInfo?.message].filter((part) => part).join(': ');
  const writer = lastWriter(metadata.managedFields ?? []);
  return {
    ...(pair && { pair }),
    leaving: metadata.deletionTimestamp !== undefined,
    stopped: metadata.annotations?.['serving.kserve.io/stop'] === 'true' || isTrue('Stopped'),
    ready: isTrue('Ready'),
    ...(status.url && { url: status.url }),
    conditions,
    ...(transitionStatus && { transition: transitionStatus }),
    ...(failure && { lastFailure: failure }),
    ...(writer && { writer }),
  };
}

function lastWriter(managedFields: readonly unknown[]): string | undefined {
  const entries = managedFields as readonly { manager?: string; time?: string; subresource?: string }[];
  const spec = entries.filter(({ subresource }) => subresource === undefined || subresource === '');
  return spec.sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0]?.manager;
}

function readDeployment(
  { metadata, spec, status = {} }: Deployment,
  lag: string | undefined,
): DeploymentSeen {
  return {
    name: metadata.name,
    ...(lag !== undefined && { lag }),
    observed: (status.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    wanted: spec?.replicas ?? 1,
    replicas: status.replicas ?? 0,
    updated: status.updatedReplicas ?? 0,
    available: status.availableReplicas ?? 0,
    strategy: spec?.strategy?.type ?? 'RollingUpdate',
  };
}

function owns(owner: KubeObject, { metadata }: KubeObject): boolean {
  return metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;
}

function revisionOf({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.['deployment.kubernetes.io/revision'];
}
