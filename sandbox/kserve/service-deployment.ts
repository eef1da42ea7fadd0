import { sourceUriAnnotation } from './faults.ts';
import type {
  Container,
  EnvVar,
  InferenceService,
  PodTemplate,
  Predictor,
  ServingRuntime,
} from './objects.ts';

export interface RenderedDeployment {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The Deployment that KServe makes of a service and its runtime (Standard mode). */
export function renderDeployment(service: InferenceService, runtime: ServingRuntime): RenderedDeployment {
  const { name } = service.metadata;
  const { predictor } = service.spec;
  const selector = { app: `isvc.${name}-predictor` };
  const labels = {
    ...runtime.spec.labels,
    ...service.metadata.labels,
    ...predictor.labels,
    'serving.kserve.io/inferenceservice': name,
    component: 'predictor',
    ...selector,
  };
  const annotations = {
    ...allowed(runtime.spec.annotations),
    ...allowed(service.metadata.annotations),
    ...storageAnnotations(predictor),
    ...allowed(predictor.annotations),
  };
  const template: PodTemplate = { metadata: { labels, annotations }, spec: podSpec(service, runtime) };
  return {
    name: `${name}-predictor`,
    labels,
    annotations,
    spec: {
      replicas: predictor.minReplicas ?? 1,
      selector: { matchLabels: selector },
      strategy: strategy(predictor),
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      template,
    },
  };
}

const authAnnotation = 'security.opendatahub.io/enable-auth';

/** KServe's list and what OpenShift AI adds to it: everything else on the service reaches the pods, and restarts them. */
const disallowed = new Set([
  'autoscaling.knative.dev/min-scale',
  'autoscaling.knative.dev/max-scale',
  sourceUriAnnotation,
  'kubectl.kubernetes.io/last-applied-configuration',
  'modelFormat',
  authAnnotation,
  'networking.knative.dev/visibility',
  'haproxy.router.openshift.io/timeout',
  'opendatahub.io/hardware-profile-name',
  'opendatahub.io/hardware-profile-namespace',
]);

function allowed(annotations: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !disallowed.has(key)));
}

/** A slash at the beginning goes, one at the end stays. */
function storageAnnotations({ model }: Predictor): Record<string, string> {
  const { storage } = model ?? {};
  if (storage === undefined) return {};
  const prefix = 'internal.serving.kserve.io/storage-spec';
  return {
    [prefix]: 'true',
    ...(storage.parameters && { [`${prefix}-param`]: JSON.stringify(storage.parameters) }),
    ...(storage.key !== undefined && { [`${prefix}-key`]: storage.key }),
    ...(storage.path !== undefined && {
      [sourceUriAnnotation]: `<scheme-placeholder>://${storage.path.replace(/^\//, '')}`,
    }),
  };
}

function strategy({ deploymentStrategy }: Predictor): unknown {
  if (deploymentStrategy?.type === 'Recreate') return { type: 'Recreate' };
  return {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%', ...deploymentStrategy?.rollingUpdate },
  };
}

/** Fields of a predictor that are not a pod's. */
const own = new Set(
  'model name minReplicas maxReplicas scaleTarget scaleMetric scaleMetricType autoScaling containerConcurrency timeout canaryTrafficPercent logger batcher labels annotations deploymentStrategy storageUris storageContainerName workerSpec containers'.split(
    ' ',
  ),
);

function podSpec(service: InferenceService, { spec: runtime }: ServingRuntime): PodTemplate['spec'] {
  const { predictor } = service.spec;
  const pod = Object.fromEntries(Object.entries(predictor).filter(([field]) => !own.has(field)));
  const guarded = service.metadata.annotations?.[authAnnotation] === 'true';
  const [main, ...others] = runtime.containers.toSorted((a) => (a.name === 'kserve-container' ? -1 : 0));
  const containers = [main, ...others, ...(predictor.containers ?? [])]
    .filter((container) => container !== undefined)
    .map((container) => (container === main ? mergeModel(container, service) : container))
    .map((container) =>
      withVariables(container, [{ name: 'INFERENCE_SERVICE_NAME', value: service.metadata.name }]),
    );
  return {
    ...pod,
    containers: guarded ? [...containers, authProxy] : containers,
    ...(runtime.nodeSelector && { nodeSelector: runtime.nodeSelector }),
    ...both('volumes', runtime.volumes, pod['volumes']),
    ...both('tolerations', runtime.tolerations, pod['tolerations']),
    automountServiceAccountToken: guarded,
    restartPolicy: 'Always',
  };
}

export const authProxyImage = 'registry.redhat.io/openshift4/ose-kube-rbac-proxy-rhel9:v4.20';
const authProxy: Container = {
  name: 'kube-rbac-proxy',
  image: authProxyImage,
  ports: [{ containerPort: 8443 }],
};

function both(field: string, runtime: readonly unknown[] = [], service: unknown): Record<string, unknown> {
  const all = [...runtime, ...(Array.isArray(service) ? (service as unknown[]) : [])];
  return all.length === 0 ? {} : { [field]: all };
}

/** What the service says of its model goes over the runtime's container; its arguments come behind, its environment is merged by name. */
function mergeModel(container: Container, service: InferenceService): Container {
  const {
    modelFormat: _f,
    runtime: _r,
    storage: _s,
    storageUri: _u,
    protocolVersion: _p,
    args = [],
    env = [],
    ...rest
  } = service.spec.predictor.model ?? {
    modelFormat: { name: '' },
  };
  const merged = withVariables(
    { ...container, ...rest, name: container.name, args: [...(container.args ?? []), ...args] },
    env,
  );
  const filled = JSON.stringify(merged).replaceAll(/\{\{ *\.(Name|Namespace) *\}\}/g, (_, field) =>
    field === 'Name' ? service.metadata.name : (service.metadata.namespace ?? ''),
  );
  const probed = JSON.parse(filled) as Container;
  const port = probed.ports?.[0]?.containerPort ?? 8080;
  return {
    readinessProbe: {
      tcpSocket: { port },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    ...probed,
  };
}

function withVariables(container: Container, variables: readonly EnvVar[]): Container {
  const env = new Map((container.env ?? []).map((variable) => [variable.name, variable]));
  for (const variable of variables) env.set(variable.name, variable);
  return env.size === 0 ? container : { ...container, env: [...env.values()] };
}
