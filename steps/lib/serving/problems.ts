import { causeOf } from './causes.ts';
import type { Snapshot } from './observe.ts';
import type { ContainerSeen, PodSeen } from './pods.ts';
import type { Target } from './target.ts';
import { linesOf } from './words.ts';

/** What keeps the new revision from being ready, and how long that may last before it counts as failed. */
export interface Problem {
  /** Stable, such as `LD101 UNSCHEDULABLE_GPU`. */
  readonly code: string;
  readonly headline: string;
  readonly evidence: readonly string[];
  readonly hint: string;
  /** Milliseconds; 0 fails at once, Infinity never. */
  readonly graceMs: number;
}

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
  const { pods } = snapshot;
  return [
    ...serviceProblems(snapshot, target, graces),
    ...pods.flatMap((pod) => [...podProblems(pod, snapshot, { target, graces })]),
    ...creationProblems(snapshot, target, graces),
    ...controllerProblems(snapshot, target, graces),
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

interface Around {
  readonly target: Target;
  readonly graces: Graces;
}

function* podProblems(pod: PodSeen, snapshot: Snapshot, around: Around): Generator<Problem> {
  if (pod.leaving) return;
  if (pod.phase === 'Failed') yield evicted(pod, around);
  if (pod.unscheduled !== undefined) yield unscheduled(pod, snapshot, around);
  for (const container of pod.containers) {
    const problem = containerProblem(container, pod, around);
    if (problem) yield problem;
  }
  const mount = pod.warnings.findLast((warning) => /^FailedMount\b/.test(warning));
  if (mount && pod.containers.every(({ state }) => state === 'waiting')) {
    yield configError(pod, `${mount} (events of pod ${pod.name})`, around);
  }
}

function evicted({ name, reason, message }: PodSeen, { target, graces }: Around): Problem {
  const disk = /ephemeral|disk|storage/i.test(message ?? '');
  return {
    code: disk ? 'LD125 INIT_DISK' : 'LD138 EVICTED',
    headline: `the node threw the pod out: ${reason ?? 'Failed'}`,
    evidence: [`${message ?? reason ?? 'phase Failed'} (pod ${name})`],
    hint: `oc describe pod ${name} -n ${target.namespace}   (the model lies on the node's ephemeral storage)`,
    graceMs: graces.configMs,
  };
}

function unscheduled(pod: PodSeen, snapshot: Snapshot, { target, graces }: Around): Problem {
  const said = pod.unscheduled ?? '';
  const shared = { evidence: [`${said} (pod ${pod.name}, PodScheduled)`], graceMs: graces.scheduleMs };
  const gpu =
    /Insufficient [\w.-]+\/(\w*gpu\w*|\w+)/i.test(said) && !/Insufficient (cpu|memory)\b/i.test(said);
  if (gpu) {
    const holder = snapshot.oldPods.find(({ leaving }) => !leaving);
    const rolling = snapshot.deployment?.strategy === 'RollingUpdate' && holder !== undefined;
    return {
      ...shared,
      code: 'LD101 UNSCHEDULABLE_GPU',
      headline: rolling
        ? `no node has a free GPU: the old pod ${holder.name} keeps it until the new one is ready`
        : 'no node has a free GPU',
      hint: rolling
        ? 'start the run with strategy=Recreate: it stops the old pod first'
        : 'oc describe nodes | grep -A8 "Allocated resources"   (who holds the GPUs)',
    };
  }
  if (/untolerated taint/i.test(said)) {
    return {
      ...shared,
      code: 'LD102 UNSCHEDULABLE_TAINT',
      headline: 'the nodes that would fit have a taint that the pod does not tolerate',
      hint: "give the taint's resource as gpu-resource, or: oc adm taint nodes <node> <key>-",
    };
  }
  return {
    ...shared,
    code: 'LD103 UNSCHEDULABLE_OTHER',
    headline: 'no node takes the pod',
    hint: `oc describe pod ${pod.name} -n ${target.namespace}   (compare requests with what the nodes have free)`,
  };
}

function containerProblem(container: ContainerSeen, pod: PodSeen, around: Around): Problem | undefined {
  const { reason = '', message = reason, state } = container;
  const source = `pod ${pod.name}, container ${container.name}`;
  if (state === 'waiting' && /ImagePull|ErrImage|InvalidImageName|RegistryUnavailable/.test(reason)) {
    return imagePull(`${reason}: ${message} (${source})`, { reason, message }, around);
  }
  if (state === 'waiting' && /CreateContainer|RunContainerError|PreStartHookError/.test(reason)) {
    return configError(pod, `${reason}: ${message} (${source})`, around);
  }
  if (container.crashes === 0 || container.ready) return undefined;
  return crash(container, pod, around);
}

function imagePull(
  evidence: string,
  { reason, message }: { readonly reason: string; readonly message: string },
  { target, graces }: Around,
): Problem {
  const why = imageReasons.find(([says]) => says.test(message));
  return {
    code: 'LD110 IMAGE_PULL',
    headline: `the image cannot be pulled: ${why?.[1] ?? reason}`,
    evidence: [evidence],
    hint: why?.[2] ?? `oc get events -n ${target.namespace} --field-selector reason=Failed`,
    graceMs: reason === 'InvalidImageName' ? 0 : graces.imageMs,
  };
}

const imageReasons: readonly (readonly [says: RegExp, why: string, hint: string])[] = [
  [
    /unauthorized|authentication required|access to the resource is denied|403/i,
    'the registry asks for an account',
    'oc get secrets --field-selector type=kubernetes.io/dockerconfigjson   (registry.redhat.io needs a pull secret)',
  ],
  [/manifest unknown|not found|no such/i, 'there is no such image or tag', 'look the tag up in the registry'],
  [
    /exec format|no matching manifest|no image found .* for architecture/i,
    'it is not made for this kind of node',
    'use an image for the architecture of the GPU node',
  ],
  [
    /i\/o timeout|no route|no such host|connection refused|lookup /i,
    'the registry does not answer',
    'use a mirror: oc get imagedigestmirrorsets,imagetagmirrorsets',
  ],
];

function configError(pod: PodSeen, evidence: string, { target, graces }: Around): Problem {
  return {
    code: 'LD140 CONFIG_ERROR',
    headline: 'the pod refers to something that is not there',
    evidence: [evidence],
    hint: `oc describe pod ${pod.name} -n ${target.namespace}`,
    graceMs: graces.configMs,
  };
}

/** Lines of a log that are shown, its end. */
const shownLines = 40;

function crash(container: ContainerSeen, pod: PodSeen, { target, graces }: Around): Problem {
  const cause = causeOf(container, pod.warnings);
  const tail = linesOf(container.log).slice(-shownLines);
  const times = container.crashes === 1 ? 'once' : `${container.crashes} times`;
  const source = `pod ${pod.name}, container ${container.name}`;
  return {
    code: cause.code,
    headline: `${cause.meaning} (${container.name} ended ${times})`,
    evidence: [
      ...(cause.line ? [`${cause.line} (${source})`] : []),
      ...(tail.length > 0
        ? [`the last ${tail.length} lines of ${source}:`, ...tail]
        : [`${source} has said nothing`]),
    ],
    hint: cause.code.startsWith('LD139')
      ? `oc logs ${pod.name} -c ${container.name} -n ${target.namespace} --previous`
      : cause.hint,
    graceMs: container.crashes >= graces.crashes ? 0 : Infinity,
  };
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
    graceMs: configMs,
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
