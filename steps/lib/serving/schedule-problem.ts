import type { Snapshot } from './observe.ts';
import type { Around } from './pod-problems.ts';
import { isActive, type PodSeen } from './pods.ts';
import type { Problem } from './problems.ts';
import { readScheduler } from './scheduler-words.ts';
import type { Target } from './target.ts';

/** No node takes the pod. With one GPU and RollingUpdate the old pod keeps it for ever, while the service calls itself Ready. */
export function scheduleProblem(pod: PodSeen, snapshot: Snapshot, { target, graces }: Around): Problem {
  const said = pod.unscheduled ?? '';
  const shared = { evidence: [`${said} (pod ${pod.name}, PodScheduled)`], graceMs: graces.scheduleMs };
  const { lacksGpu, lacksGpuEverywhere, tainted, away } = readScheduler(said);
  const holder = snapshot.oldPods.find(isActive);
  if (lacksGpu && holder && snapshot.deployment?.strategy === 'RollingUpdate') {
    return {
      ...shared,
      code: 'LD101 UNSCHEDULABLE_GPU',
      headline: `no node ${lacksGpuEverywhere ? '' : 'that fits '}has a free GPU: the old pod ${holder.name} keeps it until the new one is ready`,
      hint: 'start the run with strategy=Recreate: it stops the old pod first',
    };
  }
  if (tainted) {
    return {
      ...shared,
      code: 'LD102 UNSCHEDULABLE_TAINT',
      headline: 'the nodes that would fit have a taint that the pod does not tolerate',
      hint: listTaints,
      failure: 'refused',
    };
  }
  if (lacksGpuEverywhere) {
    return {
      ...shared,
      code: 'LD101 UNSCHEDULABLE_GPU',
      headline: `no node has a free GPU${away && `; ${away}`}`,
      hint: away ? lookAtNodes : 'oc describe nodes | grep -A8 "Allocated resources"   (who holds the GPUs)',
      failure: 'unavailable',
    };
  }
  return { ...shared, code: 'LD103 UNSCHEDULABLE_OTHER', ...otherReason(pod, target, away) };
}

function otherReason(
  { name, unscheduled = '' }: PodSeen,
  { namespace }: Target,
  away: string,
): Pick<Problem, 'headline' | 'hint' | 'failure'> {
  if (/scheduling gates/.test(unscheduled)) {
    return {
      headline: 'a queue holds the pod back',
      hint: `oc get workloads -n ${namespace}   (Kueue: whether its queue admits the pod, and what is before it)`,
      failure: 'unavailable',
    };
  }
  if (away) return { headline: `no node takes the pod; ${away}`, hint: lookAtNodes, failure: 'unavailable' };
  return {
    headline: 'no node takes the pod',
    hint: `oc describe pod ${name} -n ${namespace}   (compare requests with what the nodes have free)`,
    failure: 'refused',
  };
}

const lookAtNodes =
  'oc get nodes   (which are NotReady or SchedulingDisabled, and whether one of them has the GPU)';

const listTaints =
  "oc get nodes -o custom-columns='NODE:.metadata.name,TAINTS:.spec.taints[*].key'   (give the taint that the pod may tolerate as `tolerations`, key=value:effect; only one named like gpu-resource is tolerated by itself)";
