import type { ParamsOf } from '../lib/step.ts';
import { hashOf } from '../lib/serving/canonical.ts';
import { withMode } from '../lib/serving/mode.ts';
import {
  type EnvVar,
  type InferenceService,
  ownLabels,
  type ServingRuntime,
  specHashAnnotation,
} from '../lib/serving/service.ts';
import { renderPlacement } from './placement.ts';
import { chooseStrategy, encodingsVariable, portOf } from './plan.ts';
import type { spec } from './spec.ts';

export type ApplyParams = ParamsOf<typeof spec>;

/** A runtime is never edited: KServe restarts every service that uses it. Another spec gets another name. */
export function renderRuntime(params: ApplyParams, namespace: string): ServingRuntime {
  const spec = runtimeSpec(params);
  return {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'ServingRuntime',
    metadata: {
      name: `${params.service}-${hashOf(spec, 8)}`,
      namespace,
      labels: { 'opendatahub.io/dashboard': 'true', ...ownLabels(params.service) },
      annotations: {
        'opendatahub.io/apiProtocol': 'REST',
        'opendatahub.io/recommended-accelerators': JSON.stringify([params.gpuResource]),
        'opendatahub.io/template-display-name': 'vLLM ServingRuntime for KServe',
        'opendatahub.io/template-name': 'vllm-cuda-runtime',
        'openshift.io/display-name': `vLLM for ${params.model}`,
      },
    },
    spec,
  };
}

/**
 * The InferenceService and the hash of what it asks for. Nothing in it changes from run to run: KServe copies annotations and labels to the
 * pods, so a run's name or a time would restart the model. Where that is wanted, renewPods puts one in.
 */
export function renderService(
  params: ApplyParams,
  place: { readonly namespace: string; readonly runtime: string; readonly mode: string },
): { readonly service: InferenceService; readonly specHash: string } {
  const labels = {
    ...ownLabels(params.service),
    'opendatahub.io/dashboard': 'true',
    ...(params.exposed && { 'networking.kserve.io/visibility': 'exposed' }),
  };
  const annotations = {
    'openshift.io/display-name': params.service,
    'haproxy.router.openshift.io/timeout': `${Math.ceil(params.routeTimeout / 1000)}s`,
    ...(params.auth && { 'security.opendatahub.io/enable-auth': 'true' }),
  };
  const predictor = renderPredictor(params, place.runtime);
  const specHash = hashOf({ labels, annotations, predictor }, 12);
  const service = {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: params.service,
      namespace: place.namespace,
      labels,
      annotations,
    },
    spec: { predictor: { ...predictor, annotations: { [specHashAnnotation]: specHash } } },
  };
  // The mode's name differs between KServe versions, so it takes no part in the hash.
  return { service: withMode(service, place.mode), specHash };
}

function renderPredictor(params: ApplyParams, runtime: string) {
  const gpu = params.gpu > 0 ? { [params.gpuResource]: String(params.gpu) } : {};
  const env = encodingsVariable(params.encodingsBase);
  return {
    minReplicas: params.replicas,
    maxReplicas: params.replicas,
    deploymentStrategy: { type: chooseStrategy(params) },
    // A Service called `vllm` in the namespace would otherwise give the server VLLM_PORT=tcp://…
    enableServiceLinks: false,
    ...renderPlacement(params),
    model: {
      modelFormat: { name: 'vLLM' },
      runtime,
      // Beside the runtime's own: what the service says wins there, so nobody else shall say it.
      ...(env.length > 0 && { env }),
      storage: { key: params.storageKey, path: params.prefix },
      resources: {
        requests: { cpu: params.cpuRequest, memory: params.memoryRequest, ...gpu },
        limits: { cpu: params.cpuLimit, memory: params.memoryLimit, ...gpu },
      },
    },
  };
}

function runtimeSpec(params: ApplyParams) {
  const port = portOf(params.args);
  return {
    annotations: {
      'opendatahub.io/kserve-runtime': 'vllm',
      'prometheus.io/path': '/metrics',
      'prometheus.io/port': String(port),
    },
    containers: [
      {
        name: 'kserve-container',
        image: params.image,
        command: params.command,
        args: params.args,
        env: [...params.env.map(parseVariable), ...encodingsVariable(params.encodingsBase)],
        ports: [{ containerPort: port, protocol: 'TCP' }],
        ...probes(port, params.startupTimeout),
        volumeMounts: [{ mountPath: '/dev/shm', name: 'shm' }],
      },
    ],
    multiModel: false,
    supportedModelFormats: [{ autoSelect: false, name: 'vLLM' }],
    volumes: [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: params.sharedMemory } }],
  };
}

/** KServe's own readiness probe only connects; vLLM listens before it can answer. */
function probes(port: number, startupTimeoutMs: number) {
  const httpGet = { path: '/health', port };
  const startupPeriod = 10;
  return {
    startupProbe: {
      httpGet,
      periodSeconds: startupPeriod,
      timeoutSeconds: 5,
      failureThreshold: Math.ceil(startupTimeoutMs / 1000 / startupPeriod),
    },
    readinessProbe: { httpGet, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
  };
}

function parseVariable(text: string): EnvVar {
  const at = text.indexOf('=');
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}
