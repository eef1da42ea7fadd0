import { afterEach } from 'vitest';
import { sourceUriAnnotation } from '../../sandbox/kserve/faults.ts';
import { startCluster } from '../../sandbox/cluster.ts';
import type { SandboxCluster } from '../../sandbox/cluster.ts';
import { startKserve } from '../../sandbox/kserve.ts';
import type { BucketReader, KserveOptions, SandboxKserve } from '../../sandbox/kserve.ts';
import { deployments, isTerminating, pods, replicaSets } from '../../sandbox/kserve/objects.ts';
import type { Deployment, InferenceService, Pod, ReplicaSet } from '../../sandbox/kserve/objects.ts';

export const namespace = 'gpt-oss';
export const name = 'gpt';

/** Everything as fast as it goes and still in order. */
export const fast = {
  controllerMs: 2,
  pullMs: 5,
  downloadMs: 5,
  loadMs: 10,
  probeMs: 10,
  backoffMs: 20,
  backoffCapMs: 60,
  terminationMs: 20,
  progressDeadlineMs: 60_000,
};

/** Starts harnesses, and closes them behind each test. */
export function useHarness(): typeof startHarness {
  const open: Harness[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((harness) => harness.close()));
  });
  return async (...args) => {
    const started = await startHarness(...args);
    open.push(started);
    return started;
  };
}

export interface Harness {
  readonly cluster: SandboxCluster;
  readonly kserve: SandboxKserve;
  /** A person's writes go over HTTP, through the webhooks. */
  apply(object: object): Promise<{ status: number; body: { message?: string; status?: unknown } }>;
  pods(): Pod[];
  replicaSets(): ReplicaSet[];
  deployment(): Deployment | undefined;
  service(): InferenceService | undefined;
  condition(type: string): { status: string; reason?: string; message?: string } | undefined;
  /** Where the service says it is; empty before it says so. */
  address(): string;
  events(reason: string): string[];
  log(pod: Pod, container: string, previous?: boolean): Promise<string>;
  /** Waits until it gives something else than undefined or false. */
  until<T>(look: () => T | undefined | false): Promise<T>;
  close(): Promise<void>;
}

/** A cluster with KServe, a data connection, a runtime, and a bucket in memory. */
export async function startHarness(
  options: Partial<KserveOptions> = {},
  bucket: Record<string, string> = modelFiles('models/a/'),
): Promise<Harness> {
  const cluster = await startCluster({ namespaces: ['default', namespace] });
  const kserve = startKserve({
    cluster,
    timings: fast,
    images: { 'vllm:0.32': { vllm: '0.32' }, 'vllm:0.16': { vllm: '0.16' } },
    openBucket: () => memoryBucket(bucket),
    ...options,
  });
  const { controllers } = cluster;
  const in_ = { namespace };
  const harness: Harness = {
    cluster,
    kserve,
    apply: (object) => apply(cluster, object as KubeLike),
    pods: () => (controllers.list({ ...pods, ...in_ }) as Pod[]).filter((pod) => !isTerminating(pod)),
    replicaSets: () => controllers.list({ ...replicaSets, ...in_ }) as ReplicaSet[],
    deployment: () =>
      controllers.get({ ...deployments, ...in_, name: `${name}-predictor` }) as Deployment | undefined,
    service: () =>
      controllers.get({ apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', ...in_, name }) as
        | InferenceService
        | undefined,
    condition: (type) => harness.service()?.status?.conditions?.find((condition) => condition.type === type),
    address: () => (harness.service()?.status?.['address'] as { url: string } | undefined)?.url ?? '',
    events: (reason) =>
      controllers
        .list({ apiVersion: 'v1', kind: 'Event', ...in_ })
        .filter((event) => event['reason'] === reason)
        .map((event) => String(event['message'])),
    log: (pod, container, previous = false) =>
      readLog(cluster, pod, `container=${container}&previous=${previous}`),
    until: (look) => until(look, () => describe(harness)),
    close: async () => {
      await kserve.close();
      await cluster.close();
    },
  };
  controllers.put(dataConnection);
  controllers.put(runtime('rt-a'));
  return harness;
}

export const dataConnection = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 'models',
    namespace,
    labels: { 'opendatahub.io/managed': 'true', 'opendatahub.io/dashboard': 'true' },
    annotations: { 'opendatahub.io/connection-type': 's3' },
  },
  type: 'Opaque',
  data: {
    AWS_ACCESS_KEY_ID: btoa('key'),
    AWS_SECRET_ACCESS_KEY: btoa('secret'),
    AWS_S3_ENDPOINT: btoa('http://127.0.0.1:9'),
    AWS_S3_BUCKET: btoa('bucket'),
    AWS_DEFAULT_REGION: '',
  },
};

export function runtime(runtimeName: string, image = 'vllm:0.32', more: object = {}) {
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: { name: runtimeName, namespace },
    spec: {
      containers: [
        {
          name: 'kserve-container',
          image,
          command: ['python', '-m', 'vllm.entrypoints.openai.api_server'],
          args: [
            '--port=8080',
            '--model=/mnt/models',
            '--served-model-name={{.Name}}',
            '--tool-call-parser=openai',
            '--enable-auto-tool-choice',
          ],
          ports: [{ containerPort: 8080, protocol: 'TCP' }],
          readinessProbe: { httpGet: { path: '/health', port: 8080 } },
          ...more,
        },
      ],
      supportedModelFormats: [{ name: 'vLLM', autoSelect: false }],
    },
  };
}

export function service({
  path = 'models/a/',
  runtimeName = 'rt-a',
  strategy = 'Recreate',
  annotations = {},
  model = {},
  predictor = {},
}: {
  path?: string;
  runtimeName?: string;
  strategy?: string;
  annotations?: Record<string, string>;
  model?: object;
  predictor?: object;
} = {}) {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: { name, namespace, annotations },
    spec: {
      predictor: {
        minReplicas: 1,
        deploymentStrategy: { type: strategy },
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
        model: {
          modelFormat: { name: 'vLLM' },
          runtime: runtimeName,
          storage: { key: 'models', path },
          resources: { requests: { 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '1' } },
          ...model,
        },
        ...predictor,
      },
    },
  };
}

export function modelFiles(prefix: string): Record<string, string> {
  return {
    [`${prefix}config.json`]: JSON.stringify({ model_type: 'gpt_oss', architectures: ['GptOssForCausalLM'] }),
    [`${prefix}model-00001-of-00002.safetensors`]: 'x',
    [`${prefix}model-00002-of-00002.safetensors`]: 'y',
  };
}

export const twoModels = { ...modelFiles('models/a/'), ...modelFiles('models/b/') };

/** A pod's condition PodScheduled. */
export function scheduled({ status }: Pod) {
  return status?.conditions?.find(({ type }) => type === 'PodScheduled');
}

/** Was the pod made for that path? */
export function serves({ metadata }: Pod, path: string): boolean {
  return metadata.annotations?.[sourceUriAnnotation] === `<scheme-placeholder>://${path}`;
}

/** The status of a pod's first container. */
export function main(pod: Pod | undefined) {
  return pod?.status?.containerStatuses?.[0];
}

/** What the first container of the first pod waits for. */
export function waiting([pod]: Pod[]): string | undefined {
  return main(pod)?.state.waiting?.reason;
}

export function memoryBucket(objects: Record<string, string>): BucketReader {
  return {
    where: 'http://127.0.0.1:9/bucket',
    list: (prefix) =>
      Promise.resolve(
        Object.entries(objects)
          .filter(([key]) => key.startsWith(prefix))
          .map(([key, body]) => ({ key, size: body.length })),
      ),
    get: (key) => Promise.resolve(Buffer.from(objects[key] ?? '')),
    close: () => {},
  };
}

interface KubeLike {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

async function apply({ url, adminToken, ca }: SandboxCluster, object: KubeLike) {
  const { apiVersion, kind, metadata } = object;
  const base = apiVersion.includes('/') ? 'apis' : 'api';
  const path = `/${base}/${apiVersion}/namespaces/${metadata.namespace}/${kind.toLowerCase()}s/${metadata.name}`;
  const { status, text } = await send(new URL(`${path}?fieldManager=test&force=true`, url), {
    ca,
    method: 'PATCH',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/apply-patch+yaml' },
    body: JSON.stringify(object),
  });
  return { status, body: JSON.parse(text) as { message?: string } };
}

async function readLog(
  { url, adminToken, ca }: SandboxCluster,
  { metadata }: Pod,
  query: string,
): Promise<string> {
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}/log?${query}`;
  const { text } = await send(new URL(path, url), {
    ca,
    method: 'GET',
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return text;
}

async function send(
  url: URL,
  { ca, body, ...init }: { ca: string; method: string; headers: Record<string, string>; body?: string },
): Promise<{ status: number; text: string }> {
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const call = request(url, { ...init, ca }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

async function until<T>(look: () => T | undefined | false, state: () => string): Promise<T> {
  const end = performance.now() + 15_000;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`it never came to that; now:\n${state()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function describe(harness: Harness): string {
  return JSON.stringify(
    {
      service: harness.service()?.status,
      deployment: harness.deployment()?.status,
      sets: harness.replicaSets().map(({ metadata, spec, status }) => [metadata.name, spec.replicas, status]),
      pods: harness.pods().map(({ metadata, status }) => [metadata.name, status]),
      refusals: harness.kserve.refusals,
    },
    undefined,
    1,
  );
}
