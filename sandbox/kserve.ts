import type { SandboxCluster } from './cluster.ts';
import { kserveWebhooks } from './kserve/admission.ts';
import { createAddresses } from './kserve/addresses.ts';
import { syncStorageConfig } from './kserve/data-connections.ts';
import { reconcileDeployment } from './kserve/deployment.ts';
import type { KserveFault } from './kserve/faults.ts';
import { reconcileService, reportService } from './kserve/inference-service.ts';
import { runPods } from './kserve/kubelet.ts';
import { deployments, inferenceServices, pods, replicaSets } from './kserve/objects.ts';
import type { Deployment, InferenceService, Pod, ReplicaSet } from './kserve/objects.ts';
import { initializerImage } from './kserve/pod-webhook.ts';
import { reconcileReplicaSet } from './kserve/replica-set.ts';
import { openS3 } from './kserve/s3-reader.ts';
import type { OpenBucket } from './kserve/s3-reader.ts';
import { schedulePods } from './kserve/scheduler.ts';
import { authProxyImage } from './kserve/service-deployment.ts';
import { defaultTimings } from './kserve/world.ts';
import type { Image, Timings, World } from './kserve/world.ts';
import { clusterReviews } from './model/cluster-reviews.ts';
import { startModel } from './model.ts';

export type { KserveFault } from './kserve/faults.ts';
export type { BucketReader, OpenBucket } from './kserve/s3-reader.ts';
export type { Image, Timings } from './kserve/world.ts';

export interface KserveOptions {
  readonly cluster: Pick<SandboxCluster, 'controllers' | 'url' | 'ca' | 'adminToken'>;
  /** GPUs of the one node, 1 by default; read back from the Node, so a test may change its `status.allocatable`. */
  readonly gpus?: number;
  readonly timings?: Partial<Timings>;
  /** Images that can be pulled, beside the ones known here. */
  readonly images?: Readonly<Record<string, Image>>;
  /** Read at every start of a container: push to it while it runs. */
  readonly faults?: readonly KserveFault[];
  /** S3 over the network, unless told. */
  readonly openBucket?: OpenBucket;
  readonly startModel?: typeof startModel;
  /** SHA-256 that harmony wants of its vocabulary, for tests with a small one. */
  readonly vocabularyDigest?: string;
}

export interface SandboxKserve {
  /** What the controllers were asked and do not play. Empty in a good run. */
  readonly refusals: readonly string[];
  /** What a container of a running pod got as environment when it last started. */
  environment(
    pod: { namespace: string; name: string },
    container: string,
  ): Readonly<Record<string, string>> | undefined;
  close(): Promise<void>;
}

/** vLLM images, by the behaviour that is nearest to what they hold. */
const knownImages: Readonly<Record<string, Image>> = {
  'registry.redhat.io/rhaiis/vllm-cuda-rhel9:3.2.4': { vllm: '0.16' },
  'registry.redhat.io/rhaii/vllm-cuda-rhel9:3.4.1': { vllm: '0.16' },
  'registry.redhat.io/rhaii/vllm-cuda-rhel9:3.6.0': { vllm: '0.32' },
  'ghcr.io/danny-avila/librechat:latest': {},
  [initializerImage]: {},
  [authProxyImage]: {},
};

/**
 * The controllers around a model in one process: OpenShift AI's (storage-config), KServe's (InferenceService to Deployment, Standard mode),
 * Kubernetes' (Deployment, ReplicaSet, scheduler, kubelet) on one node. All of them look at everything after every change, in that order.
 */
export function startKserve(options: KserveOptions): SandboxKserve {
  const { cluster } = options;
  const { controllers } = cluster;
  let timer: NodeJS.Timeout | undefined;
  let due = Infinity;
  let closed = false;
  const world: World = {
    controllers,
    timings: { ...defaultTimings, ...options.timings },
    images: new Map(Object.entries({ ...knownImages, ...options.images })),
    faults: options.faults ?? [],
    openBucket: options.openBucket ?? openS3,
    startModel: options.startModel ?? startModel,
    reviewsFor: (service) =>
      clusterReviews({
        server: cluster.url,
        ca: cluster.ca,
        token: () => Promise.resolve(cluster.adminToken),
        service,
      }),
    vocabularyDigest: options.vocabularyDigest,
    refusals: [],
    running: new Map(),
    again: (afterMs = world.timings.controllerMs) => {
      const at = performance.now() + afterMs;
      if (closed || at >= due) return;
      clearTimeout(timer);
      due = at;
      timer = setTimeout(pass, afterMs);
    },
  };
  const addresses = createAddresses(world);
  const pass = () => {
    due = Infinity;
    reconcileAll(world, (service) => addresses.of(service));
  };
  addNode(controllers, options.gpus ?? 1);
  const stops = [
    ...kserveWebhooks(world).map((webhook) => controllers.addWebhook(webhook)),
    controllers.onChange(() => world.again()),
  ];
  world.again();
  return {
    get refusals() {
      return [
        ...world.refusals,
        ...[...world.running.values()].flatMap(({ model }) => model?.refusals ?? []),
      ];
    },
    environment: ({ namespace, name }, container) => {
      const pod = controllers.get({ ...pods, namespace, name }) as Pod | undefined;
      return world.running.get(pod?.metadata.uid ?? '')?.environment.get(container);
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      for (const stop of stops) stop();
      await Promise.all([...world.running.values()].map(({ stop }) => stop()));
      await addresses.close();
    },
  };
}

function reconcileAll(world: World, addressOf: (service: InferenceService) => string | undefined): void {
  const { controllers } = world;
  syncStorageConfig(world);
  for (const service of controllers.list(inferenceServices) as InferenceService[])
    reconcileService(world, service);
  for (const deployment of controllers.list(deployments) as Deployment[])
    reconcileDeployment(world, deployment);
  for (const set of controllers.list(replicaSets) as ReplicaSet[]) reconcileReplicaSet(world, set);
  schedulePods(world);
  runPods(world);
  for (const service of controllers.list(inferenceServices) as InferenceService[]) {
    const address = addressOf(service);
    if (address !== undefined) reportService(world, service, address);
  }
}

function addNode(controllers: World['controllers'], gpus: number): void {
  const amounts = {
    cpu: '32',
    memory: '128Gi',
    pods: '250',
    ...(gpus > 0 && { 'nvidia.com/gpu': String(gpus) }),
  };
  controllers.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'sandbox',
      labels: { 'kubernetes.io/hostname': 'sandbox', ...(gpus > 0 && { 'nvidia.com/gpu.present': 'true' }) },
    },
    spec: {},
    status: { capacity: amounts, allocatable: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
  });
}
