import type { KubeObject } from '../../../../steps/lib/cluster.ts';
import { hashOf } from '../../../../steps/lib/serving/canonical.ts';
import type { InferenceService, ServingRuntime } from '../../../../steps/lib/serving/service.ts';
import { memoryCluster, type MemoryCluster } from './memory-cluster.ts';
import { namespace, service } from './rollout.ts';

export interface MiniKserve {
  /** How the pods of a runtime turn out; `ready` unless it is said. */
  readonly fates: Map<string, Fate>;
  /** The same by path. */
  readonly paths: Map<string, Fate>;
}

/** Where a new service of this KServe is called Standard. */
export const openApi = {
  components: {
    schemas: {
      'io.kserve.serving.v1beta1.InferenceService': {
        properties: { spec: { properties: { predictor: { properties: { storageUris: {} } } } } },
      },
    },
  },
};

/** A cluster in memory with a KServe that has done its work the moment the service is written. */
export function clusterWithKserve(): { readonly cluster: MemoryCluster; readonly kserve: MiniKserve } {
  const cluster = memoryCluster({ openApi });
  const kserve: MiniKserve = { fates: new Map(), paths: new Map() };
  cluster.onWrite = (object) => {
    if (object.kind === 'InferenceService') reconcile(cluster, kserve, object);
  };
  return { cluster, kserve };
}

export function reconcile(cluster: MemoryCluster, kserve: MiniKserve, object: KubeObject): void {
  const isvc: InferenceService = object;
  const { runtime = '', storage } = isvc.spec?.predictor?.model ?? {};
  const fate = kserve.fates.get(runtime) ?? kserve.paths.get(storage?.path ?? '') ?? 'ready';
  const template = templateOf(isvc, cluster.peek('ServingRuntime', runtime) as ServingRuntime | undefined);
  const deployment = deploy(cluster, isvc, { template, fate });
  const set = cluster.put({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${service}-${hashOf(template, 10)}`,
      namespace,
      labels,
      annotations: { ...deployment.metadata.annotations },
      ownerReferences: [owner(deployment)],
    },
    spec: { template },
  });
  for (const name of cluster.names('Pod')) cluster.drop('Pod', name);
  cluster.put(podOf(fate, set));
  report(cluster, isvc, fate);
}

type Fate = 'ready' | 'crash' | 'pending';

function deploy(
  cluster: MemoryCluster,
  isvc: InferenceService,
  { template, fate }: { readonly template: object; readonly fate: Fate },
): KubeObject {
  const name = `${service}-predictor`;
  const before = Number(cluster.peek('Deployment', name)?.metadata.annotations?.[revision] ?? 0);
  const strategy = isvc.spec?.predictor?.['deploymentStrategy'] ?? { type: 'RollingUpdate' };
  const deployment = cluster.put({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, annotations: { [revision]: String(before + 1) } },
    spec: { replicas: 1, strategy, template },
  });
  const counts = { replicas: 1, updatedReplicas: 1, availableReplicas: fate === 'ready' ? 1 : 0 };
  return cluster.put({
    ...deployment,
    status: { observedGeneration: deployment.metadata.generation, ...counts },
  });
}

function report(cluster: MemoryCluster, isvc: InferenceService, fate: Fate): void {
  const live = cluster.peek('InferenceService', service) ?? isvc;
  cluster.put({
    ...live,
    status: {
      url: `https://${service}.example.com`,
      deploymentMode: live.metadata.annotations?.['serving.kserve.io/deploymentMode'] ?? 'Standard',
      conditions: [{ type: 'Ready', status: fate === 'ready' ? 'True' : 'False' }],
    },
  });
}

const revision = 'deployment.kubernetes.io/revision';
const labels = { 'serving.kserve.io/inferenceservice': service };

function templateOf(isvc: InferenceService, runtime: ServingRuntime | undefined) {
  const { annotations, model } = isvc.spec?.predictor ?? {};
  return {
    metadata: {
      annotations: {
        ...annotations,
        'internal.serving.kserve.io/storage-initializer-sourceuri': `<scheme-placeholder>://${model?.storage?.path}`,
      },
    },
    spec: {
      containers: (runtime?.spec.containers ?? []).map(({ args = [], ...container }) => ({
        ...container,
        args: args.map((arg) => arg.replace('{{.Name}}', service)),
      })),
    },
  };
}

function podOf(fate: Fate, set: KubeObject): KubeObject {
  const server = {
    ready: { ready: true, restartCount: 0, state: { running: {} } },
    crash: { ready: false, restartCount: 3, state: { terminated: { exitCode: 1, reason: 'Error' } } },
    pending: { ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } },
  }[fate];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `${set.metadata.name}-pod`, namespace, labels, ownerReferences: [owner(set)] },
    status: {
      phase: fate === 'pending' ? 'Pending' : 'Running',
      conditions: [{ type: 'Ready', status: fate === 'ready' ? 'True' : 'False' }],
      containerStatuses: [{ name: 'kserve-container', ...server }],
    },
  };
}

function owner({ apiVersion, kind, metadata }: KubeObject) {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '' };
}
