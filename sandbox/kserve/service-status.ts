import { isReady, withCondition } from './objects.ts';
import type { Condition, Deployment, InferenceService, ModelStatus, Pod, ServiceStatus } from './objects.ts';
import { modelStatus } from './model-status.ts';

/**
 * The status of an InferenceService as KServe 0.20 writes it, with its half-truths: Ready stays True while the OLD pod is available, and
 * observedGeneration is the Deployment's.
 */
export function serviceStatus(
  service: InferenceService,
  { deployment, pods, address }: { deployment: Deployment; pods: readonly Pod[]; address: string },
): ServiceStatus {
  const predictor = predictorReady(deployment);
  const ingress = { type: 'IngressReady', status: 'True' };
  const conditions = [ingress, predictor, overall([ingress, predictor]), stopped('False')].reduce<
    Condition[]
  >((list, next) => withCondition(list, next), [...(service.status?.conditions ?? [])]);
  const { name, namespace } = service.metadata;
  const { observedGeneration } = deployment.status ?? {};
  const ready = predictor.status === 'True';
  const copies = pods.filter((pod) => isReady(pod)).length;
  return {
    ...service.status,
    url: address,
    address: { url: address },
    deploymentMode: 'Standard',
    ...(service.spec.predictor.model?.runtime !== undefined && {
      servingRuntimeName: service.spec.predictor.model.runtime,
    }),
    components: {
      predictor: ready ? { url: `http://${name}-predictor.${namespace}.svc.cluster.local` } : {},
    },
    conditions: conditions.toSorted((a, b) => (a.type < b.type ? -1 : 1)),
    modelStatus: modelStatus(service.status?.modelStatus, {
      pod: pods[0],
      ready: isTrue(conditions, 'Ready'),
      copies,
    }),
    ...(observedGeneration !== undefined && { observedGeneration }),
  };
}

/** A service whose runtime cannot be used: the rest of the status stays as it was. */
export function invalidStatus(
  service: InferenceService,
  failure: { reason: string; message: string },
): ServiceStatus {
  const before = service.status?.modelStatus;
  const status: ModelStatus = {
    ...before,
    transitionStatus: 'InvalidSpec',
    states: { activeModelState: before?.states?.activeModelState ?? '', targetModelState: 'FailedToLoad' },
    lastFailureInfo: failure,
  };
  const unknown = ['IngressReady', 'PredictorReady', 'Ready'].map((type) => ({ type, status: 'Unknown' }));
  return {
    ...service.status,
    conditions:
      service.status?.conditions ??
      unknown.reduce<Condition[]>((list, next) => withCondition(list, next), []),
    modelStatus: status,
  };
}

export function stoppedStatus(service: InferenceService): ServiceStatus {
  const down = { type: 'PredictorReady', status: 'False', reason: 'Stopped' };
  return {
    deploymentMode: 'Standard',
    conditions: [down, overall([down]), stopped('True')].reduce<Condition[]>(
      (list, next) => withCondition(list, next),
      [...(service.status?.conditions ?? [])],
    ),
  };
}

/** PropagateRawStatus: what is available counts, not what is new. */
function predictorReady({ status }: Deployment): Condition {
  const find = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const [available, progressing, failure] = [find('Available'), find('Progressing'), find('ReplicaFailure')];
  const as = (state: string, source: Condition | undefined): Condition => ({
    type: 'PredictorReady',
    status: state,
    ...(source?.reason !== undefined && { reason: source.reason }),
    ...(source?.message !== undefined && { message: source.message }),
  });
  if (failure?.status === 'True') return as('False', failure);
  if (available?.status === 'False') return as('False', available);
  if (progressing?.status === 'False') return as('False', progressing);
  if (progressing?.reason === 'NewReplicaSetAvailable') return as('True', progressing);
  return available?.status === 'True' ? as('True', available) : as('Unknown', progressing);
}

function overall(parts: readonly Condition[]): Condition {
  const worst =
    parts.find(({ status }) => status === 'False') ?? parts.find(({ status }) => status !== 'True');
  if (worst === undefined) return { type: 'Ready', status: 'True' };
  return { ...worst, type: 'Ready' };
}

function stopped(status: string): Condition {
  return { type: 'Stopped', status, severity: 'Info' };
}

function isTrue(conditions: readonly Condition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}
