import { crashProblem } from './crash-problem.ts';
import { imageProblem } from './image-problem.ts';
import type { Snapshot } from './observe.ts';
import { type ContainerSeen, isActive, type PodSeen } from './pods.ts';
import type { Graces, Problem } from './problems.ts';
import { scheduleProblem } from './schedule-problem.ts';
import type { Target } from './target.ts';

export interface Around {
  readonly target: Target;
  readonly graces: Graces;
}

/** What is wrong with the pods of the new revision. */
export function podProblems(snapshot: Snapshot, around: Around): Problem[] {
  const { pods } = snapshot;
  const active = pods
    .filter(isActive)
    .flatMap((pod) =>
      [...problemsOf(pod, snapshot, around)].map((problem) => ({ ...problem, about: pod.name })),
    );
  const lost = pods.filter(({ phase, leaving }) => phase === 'Failed' && !leaving);
  return [...active, ...evictions(lost, around)];
}

function* problemsOf(pod: PodSeen, snapshot: Snapshot, around: Around): Generator<Problem> {
  if (pod.unscheduled !== undefined) yield scheduleProblem(pod, snapshot, around);
  for (const container of pod.containers) {
    const problem = containerProblem(container, pod, around);
    if (problem) yield problem;
  }
  if (pod.containers.every(({ state }) => state === 'waiting')) yield* startProblems(pod, around);
}

/** What keeps the node from starting any container. */
function* startProblems(pod: PodSeen, around: Around): Generator<Problem> {
  const last = (reason: string) => pod.warnings.findLast((warning) => warning.startsWith(`${reason}: `));
  const mount = last('FailedMount');
  if (mount) yield missing(configError(pod, `${mount} (events of pod ${pod.name})`, around));
  const sandbox = last('FailedCreatePodSandBox');
  if (sandbox) yield sandboxError(pod, `${sandbox} (events of pod ${pod.name})`, around);
}

/** One eviction is made good by the next pod; a row of them is not. */
function* evictions(lost: readonly PodSeen[], { target, graces }: Around): Generator<Problem> {
  const last = lost.at(-1);
  if (!last) return;
  const { name, reason = 'Failed', message = reason } = last;
  const disk = /ephemeral|disk|storage/i.test(message);
  yield {
    code: disk ? 'LD125 INIT_DISK' : 'LD138 EVICTED',
    headline: `the node threw ${lost.length === 1 ? 'a pod' : `${lost.length} pods`} out: ${reason}`,
    evidence: lost.map((pod) => `${pod.message ?? pod.reason ?? 'phase Failed'} (pod ${pod.name})`),
    hint: `oc describe pod ${name} -n ${target.namespace}   (the model lies on the node's ephemeral storage)`,
    graceMs: lost.length >= graces.crashes ? 0 : Infinity,
  };
}

function containerProblem(container: ContainerSeen, pod: PodSeen, around: Around): Problem | undefined {
  const { reason = '', message = reason, state } = container;
  const source = `pod ${pod.name}, container ${container.name}`;
  if (
    state === 'waiting' &&
    /ImagePull|ErrImage|InvalidImageName|RegistryUnavailable|SignatureValidation/.test(reason)
  ) {
    const event = pullBefore(message, pod);
    const evidence = [
      `${reason}: ${message} (${source})`,
      ...(event ? [`${event} (events of pod ${pod.name})`] : []),
    ];
    return imageProblem(evidence, { reason, message: event ?? message }, around);
  }
  if (state === 'waiting' && /CreateContainer|RunContainerError|PreStartHookError/.test(reason)) {
    const problem = configError(pod, `${reason}: ${message} (${source})`, around);
    return reason === 'CreateContainerConfigError' ? missing(problem) : problem;
  }
  if (container.crashes === 0 || container.ready) return undefined;
  return crashProblem(container, pod, around);
}

/** While they back off, older kubelets say no more than that: why the pull failed stands in its event. */
function pullBefore(message: string, { warnings }: PodSeen): string | undefined {
  const [, image] = /^Back-off pulling image ("[^"]*")$/.exec(message) ?? [];
  return image && warnings.findLast((said) => said.startsWith(`Failed: Failed to pull image ${image}`));
}

function configError(pod: PodSeen, evidence: string, { target, graces }: Around): Problem {
  return {
    code: 'LD140 CONFIG_ERROR',
    headline: 'the pod refers to something that is not there',
    evidence: [evidence],
    hint: `oc describe pod ${pod.name} -n ${target.namespace}`,
    graceMs: graces.configMs,
  };
}

/** A Secret or a ConfigMap, which a person makes; another command or mount of the container would be another revision. */
function missing(problem: Problem): Problem {
  return { ...problem, failure: 'refused' };
}

/** Of the node, not of the revision: the kubelet goes on trying, and so do we. */
function sandboxError({ name }: PodSeen, evidence: string, { target }: Around): Problem {
  return {
    code: 'LD142 POD_SANDBOX',
    headline: 'the node cannot set up the pod, before any image or container',
    evidence: [evidence],
    hint: `oc get pod ${name} -n ${target.namespace} -o wide   (then \`oc describe node\`: its network plugin, its container runtime)`,
    failure: 'unavailable',
    graceMs: Infinity,
  };
}
