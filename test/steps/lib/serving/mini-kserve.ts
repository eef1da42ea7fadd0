import type { KubeObject } from '../../../../steps/lib/cluster.ts';
import { hashOf } from '../../../../steps/lib/serving/canonical.ts';
import type { InferenceService, ServingRuntime } from '../../../../steps/lib/serving/service.ts';
import { memoryCluster, type MemoryCluster } from './memory-cluster.ts';
import { namespace, service } from './rollout.ts';

export interface MiniKserve {
  /** How the pods of a runtime turn out; `ready` unless it is said. */
  readonly fates: Map<string, 'ready' | 'crash' | 'pending'>;
  /** The same by path. */
  readonly paths: Map<string, 'ready' | 'crash' | 'pending'>;
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
    if (object.kind === 'InferenceService') reconcile(cluster, kserve, object as InferenceService);
  };
  return { cluster, kserve };
}

export function reconcile(cluster: MemoryCluster, kserve: MiniKserve, isvc: InferenceService): void {
  const { runtime = '', storage: { path = '' } = {} } = isvc.spec?.predictor?.model ?? {};
  const fate = kserve.fates.get(runtime) ?? kserve.paths.get(path) ?? 'ready';
  const template = templateOf(isvc, cluster.peek<ServingRuntime>('ServingRuntime', runtime));
  const hash = hashOf(template, 10);
  const old = cluster.peek('Deployment', `${service}-predictor`);
  const before = Number(old?.metadata.annotations?.[revision] ?? 0);
  const number = String(before + 1);
  const deployment = cluster.put({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${service}-predictor`, namespace, annotations: { [revision]: number } },
    spec: {
      replicas: 1,
      strategy: isvc.spec?.predictor?.['deploymentStrategy'] ?? { type: 'RollingUpdate' },
      template,
    },
  });
  const counts = { replicas: 1, updatedReplicas: 1, availableReplicas: fate === 'ready' ? 1 : 0 };
  cluster.put({ ...deployment, status: { observedGeneration: deployment.metadata.generation, ...counts } });
  const set = cluster.put({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${service}-${hash}`,
      namespace,
      labels,
      annotations: { [revision]: number },
      ownerReferences: [owner(deployment)],
    },
    spec: { template },
  });
  cluster.put(podOf(fate, set));
  const live = cluster.peek<InferenceService>('InferenceService', service) ?? isvc;
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

function podOf(fate: 'ready' | 'crash' | 'pending', set: KubeObject): KubeObject {
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
