import type { Snapshot } from './observe.ts';
import type { Around } from './pod-problems.ts';
import type { PodSeen } from './pods.ts';
import type { Problem } from './problems.ts';

/** No node takes the pod. With one GPU and RollingUpdate the old pod keeps it for ever, while the service calls itself Ready. */
export function scheduleProblem(pod: PodSeen, snapshot: Snapshot, { target, graces }: Around): Problem {
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
