import { boolean, each, free, integer, list, map, object, string, stringMap, strings } from '../schema.ts';
import { metadata } from './metadata.ts';
import { container, containerFields, podFields, tolerations } from './pod.ts';
import { deploymentStrategy } from './workloads.ts';

/** What KServe's CRD has depends on its version: `storageUris` since 0.16, `canary` since 0.20. */
export interface KserveVersion {
  readonly canary: boolean;
  readonly storageUris: boolean;
}

const model = object({
  ...containerFields,
  modelFormat: object({ ...each('name version', string) }, ['name']),
  ...each('runtime storageUri runtimeVersion protocolVersion', string),
  storage: object({ ...each('key path schemaPath', string), parameters: stringMap }),
  confidential: free,
});

const predictor = ({ storageUris }: KserveVersion) =>
  object({
    ...podFields('atomic'),
    model,
    ...each('name scaleMetric scaleMetricType storageContainerName', string),
    ...each('minReplicas maxReplicas scaleTarget containerConcurrency timeout canaryTrafficPercent', integer),
    ...each('labels annotations', stringMap),
    ...each('workerSpec autoScaling logger batcher', free),
    ...each('huggingface lightgbm onnx paddle pmml pytorch sklearn tensorflow triton xgboost', free),
    deploymentStrategy,
    ...(storageUris ? { storageUris: list(object({ ...each('uri mountPath', string) }, ['uri'])) } : {}),
  });

const modelStatus = object({
  transitionStatus: string,
  states: object({ ...each('activeModelState targetModelState', string) }),
  lastFailureInfo: object({
    ...each('location reason message modelRevisionName time', string),
    exitCode: integer,
  }),
  copies: object({ ...each('failedCopies totalCopies', integer) }),
});

const status = object({
  ...each('url deploymentMode servingRuntimeName clusterServingRuntimeName', string),
  address: object({ ...each('url name CACerts audience', string) }),
  annotations: stringMap,
  components: map(free),
  conditions: list(
    object({ ...each('type status reason message severity lastTransitionTime', string) }, ['type', 'status']),
  ),
  modelStatus,
  observedGeneration: integer,
  canaryStatuses: list(
    object({ name: string, ready: boolean, trafficPercent: integer, ...each('url', string), modelStatus }),
  ),
});

export const inferenceService = (version: KserveVersion) => ({
  metadata,
  spec: object(
    {
      predictor: predictor(version),
      ...each('transformer explainer', free),
      ...(version.canary
        ? { canary: list(object({ trafficPercent: integer, predictor: predictor(version) }, ['predictor'])) }
        : {}),
    },
    ['predictor'],
  ),
  status,
});

export const servingRuntime = {
  metadata,
  spec: object(
    {
      ...each('annotations labels nodeSelector', stringMap),
      containers: list(container),
      volumes: podFields('atomic').volumes,
      tolerations,
      imagePullSecrets: list(object({ name: string })),
      supportedModelFormats: list(
        object({ ...each('name version', string), autoSelect: boolean, priority: integer }, ['name']),
      ),
      ...each('multiModel disabled hostIPC', boolean),
      protocolVersions: strings,
      replicas: integer,
      ...each('grpcEndpoint grpcDataEndpoint httpDataEndpoint schedulerName', string),
      ...each('affinity builtInAdapter storageHelper workerSpec', free),
    },
    ['containers'],
  ),
  status: object({}),
};
