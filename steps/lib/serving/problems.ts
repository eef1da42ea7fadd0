import type { Failure } from '../errors.ts';
import type { Snapshot } from './observe.ts';
import { podProblems } from './pod-problems.ts';
import type { Target } from './target.ts';

/** What keeps the new revision from being ready, and how long that may last before it counts as failed. */
export interface Problem {
  /** Stable, such as `LD101 UNSCHEDULABLE_GPU`. */
  readonly code: string;
  /** The pod, where it is one pod's. */
  readonly about?: string;
  readonly headline: string;
  readonly evidence: readonly string[];
  readonly hint: string;
  /** How it counts when it is of what is around the model: it passes by itself, or a person must change it. Else it speaks against the revision. */
  readonly failure?: OutsideFailure;
  /** Milliseconds; 0 fails at once, Infinity never. */
  readonly graceMs: number;
}

export type OutsideFailure = Extract<Failure, 'unavailable' | 'refused'>;

/** Milliseconds, and a number of crashes. */
export interface Graces {
  readonly imageMs: number;
  readonly scheduleMs: number;
  readonly configMs: number;
  readonly controllerMs: number;
  readonly crashes: number;
}

export const defaultGraces: Graces = {
  imageMs: 300_000,
  scheduleMs: 600_000,
  configMs: 60_000,
  controllerMs: 120_000,
  crashes: 3,
};

/** Everything that is wrong in a snapshot, the most telling first. */
export function findProblems(snapshot: Snapshot, target: Target, graces: Graces): Problem[] {
  return [
    ...serviceProblems(snapshot, target, graces),
    ...podProblems(snapshot, { target, graces }),
    ...creationProblems(snapshot, target, graces),
    ...controllerProblems(snapshot, target, graces),
    ...restartProblems(snapshot, target),
  ];
}

function* serviceProblems(
  { service }: Snapshot,
  { service: name, namespace }: Target,
  { configMs }: Graces,
): Generator<Problem> {
  if (!service) return;
  if (service.stopped) {
    yield {
      code: 'LD172 STOPPED',
      headline: `${name} is stopped on purpose`,
      evidence: [`serving.kserve.io/stop: "true" (annotation of the InferenceService)`],
      hint: `oc annotate inferenceservice ${name} -n ${namespace} serving.kserve.io/stop-`,
      failure: 'refused',
      graceMs: configMs,
    };
  }
  if (service.transition === 'InvalidSpec') {
    yield {
      code: 'LD150 ISVC_INVALID',
      headline: `KServe cannot use the spec of ${name}`,
      evidence: [`${service.lastFailure ?? 'InvalidSpec'} (InferenceService, status.modelStatus)`],
      hint: `oc get servingruntimes -n ${namespace}   (the runtime must be there, enabled, and support vLLM)`,
      // The status of the spec before stands until KServe has read the new one.
      graceMs: configMs,
    };
  }
}

function* creationProblems(
  { replicaFailure }: Snapshot,
  { namespace, service }: Target,
  { configMs }: Graces,
): Generator<Problem> {
  if (replicaFailure === undefined) return;
  yield {
    code: 'LD141 FAILED_CREATE',
    headline: 'the cluster refuses to create the pod',
    evidence: [`${replicaFailure} (ReplicaSet of ${service}-predictor, ReplicaFailure)`],
    hint: `oc get events -n ${namespace} --field-selector reason=FailedCreate   (quota, security context constraints, webhooks)`,
    failure: 'refused',
    graceMs: configMs,
  };
}

/** On old versions of KServe the two rewrite the Deployment in turns, for ever; newer ones only undo the restart. */
function* restartProblems({ deployment }: Snapshot, { namespace }: Target): Generator<Problem> {
  if (!deployment?.restarted) return;
  const patch = `[{"op":"remove","path":"/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"}]`;
  yield {
    code: 'LD174 RESTARTED',
    headline: 'somebody ran rollout restart, and KServe takes it back or fights it',
    evidence: [`kubectl.kubernetes.io/restartedAt (pod template of Deployment ${deployment.name})`],
    hint: `oc patch deployment ${deployment.name} -n ${namespace} --type=json -p '${patch}'`,
    graceMs: Infinity,
  };
}

function* controllerProblems(
  { service, deployment, pods }: Snapshot,
  { namespace, service: name }: Target,
  { controllerMs }: Graces,
): Generator<Problem> {
  if (!service || service.stopped) return;
  if (!deployment || deployment.lag !== undefined) {
    const seen = deployment
      ? `${deployment.lag} (Deployment ${deployment.name})`
      : `there is no Deployment ${name}-predictor`;
    yield {
      code: 'LD170 STALE_READY',
      headline: `KServe has not taken up the change${service.ready ? ', and the service calls itself Ready by its old pod' : ''}`,
      evidence: [seen, ...untrue(service.conditions)],
      hint: `oc describe inferenceservice ${name} -n ${namespace}   (its events; then the log of kserve-controller-manager)`,
      failure: 'unavailable',
      graceMs: controllerMs,
    };
  }
  const ingress = service.conditions.find(
    ({ type, status }) => type === 'IngressReady' && status === 'False',
  );
  if (ingress && pods.length > 0 && pods.every(({ ready }) => ready)) {
    yield {
      code: 'LD151 ISVC_INGRESS',
      headline: 'the pods are ready, but the service has no address',
      evidence: [`${ingress.reason ?? ''}: ${ingress.message ?? ''} (InferenceService, IngressReady)`],
      hint: `oc get routes -n ${namespace}   (is the host taken, is the Route admitted?)`,
      failure: 'unavailable',
      graceMs: controllerMs,
    };
  }
}

function untrue(
  conditions: readonly { type: string; status: string; reason?: string; message?: string }[],
): string[] {
  return conditions
    .filter(({ type, status }) => status === 'False' && type !== 'Stopped')
    .map(({ type, reason, message }) =>
      `${type}=False ${reason ?? ''} ${message ?? ''} (InferenceService)`.replace(/\s+/g, ' '),
    );
}
