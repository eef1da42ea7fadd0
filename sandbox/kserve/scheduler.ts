import { refOf } from '../cluster.ts';
import { isTerminating, nodes, pods, withCondition } from './objects.ts';
import type { Node, Pod, PodSpec } from './objects.ts';
import type { World } from './world.ts';

/** Gives every waiting pod a node that has what it asks for of the extended resources (GPUs); cpu and memory are taken as plenty. */
export function schedulePods({ controllers }: World): void {
  const all = controllers.list(pods) as Pod[];
  const places = controllers.list(nodes) as Node[];
  const placed = all.filter(({ spec }) => spec.nodeName !== undefined).map(({ spec }) => spec);
  for (const pod of all.filter((one) => one.spec.nodeName === undefined && !isTerminating(one))) {
    const refusals = places.map((node) => refusalOf(node, pod.spec, placed));
    const node = places[refusals.indexOf(undefined)];
    if (node === undefined) unschedulable(controllers, pod, refusals);
    else placed.push(assign(controllers, pod, node));
  }
}

/** Why the pod cannot go there, in the scheduler's words; undefined when it can. */
function refusalOf(node: Node, spec: PodSpec, placed: readonly PodSpec[]): string | undefined {
  const taint = node.spec?.taints?.find(
    ({ key, effect }) =>
      effect !== 'PreferNoSchedule' &&
      !(spec.tolerations ?? []).some(
        (toleration) => (toleration.key ?? key) === key && (toleration.effect ?? effect) === effect,
      ),
  );
  if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  const short = Object.entries(requestsOf(spec)).find(([resource, amount]) => {
    const here = placed.filter(({ nodeName }) => nodeName === node.metadata.name);
    const used = here.reduce((sum, other) => sum + (requestsOf(other)[resource] ?? 0), 0);
    return used + amount > Number(node.status?.allocatable?.[resource] ?? 0);
  });
  return short && `Insufficient ${short[0]}`;
}

/** Extended resources only: their names have a slash and their amounts are whole. */
function requestsOf({ containers }: PodSpec): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { resources } of containers)
    for (const [resource, amount] of Object.entries(resources?.requests ?? resources?.limits ?? {}))
      if (resource.includes('/')) sums[resource] = (sums[resource] ?? 0) + Number(amount);
  return sums;
}

function assign(controllers: World['controllers'], pod: Pod, { metadata: { name } }: Node): PodSpec {
  const spec = { ...pod.spec, nodeName: name };
  controllers.update(
    refOf(pod),
    (draft) => {
      draft['spec'] = spec;
      draft['status'] = {
        ...pod.status,
        conditions: withCondition(pod.status?.conditions, { type: 'PodScheduled', status: 'True' }),
      };
    },
    'kube-scheduler',
  );
  const { namespace } = pod.metadata;
  controllers.event({
    about: pod,
    type: 'Normal',
    reason: 'Scheduled',
    message: `Successfully assigned ${namespace}/${pod.metadata.name} to ${name}`,
    from: 'default-scheduler',
  });
  return spec;
}

function unschedulable(
  controllers: World['controllers'],
  pod: Pod,
  refusals: readonly (string | undefined)[],
): void {
  const total = refusals.length;
  const counted = [...new Set(refusals)].map(
    (why) => `${refusals.filter((one) => one === why).length} ${why}`,
  );
  const message = `0/${total} nodes are available: ${counted.join(', ')}. no new claims to deallocate, preemption: 0/${total} nodes are available: ${total} No preemption victims found for incoming pod.`;
  const before = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (before?.message === message) return;
  controllers.update(
    refOf(pod),
    (draft) => {
      draft['status'] = {
        ...pod.status,
        conditions: withCondition(pod.status?.conditions, {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message,
        }),
      };
    },
    'kube-scheduler',
  );
  controllers.event({
    about: pod,
    type: 'Warning',
    reason: 'FailedScheduling',
    message,
    from: 'default-scheduler',
  });
}
