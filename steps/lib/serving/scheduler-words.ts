/** What the scheduler says of the nodes, read for what it means for one pod. */
export interface SchedulerWords {
  /** A node has no GPU left, or none at all. */
  readonly lacksGpu: boolean;
  /** So has each that the pod may go to otherwise. */
  readonly lacksGpuEverywhere: boolean;
  /** A taint keeps the pod off nodes that would fit. */
  readonly tainted: boolean;
  /** `1 node is out of service (not-ready)`; empty when none is. */
  readonly away: string;
}

export function readScheduler(said: string): SchedulerWords {
  const reasons = readReasons(said);
  return {
    lacksGpu: reasons.some(lacksGpu),
    lacksGpuEverywhere: lacksGpuEverywhere(said, reasons),
    tainted: hasHarmfulTaint(reasons),
    away: outOfService(reasons),
  };
}

interface Reason {
  /** Nodes that have it. */
  readonly nodes: number;
  readonly text: string;
}

/** `0/5 nodes are available: 2 Insufficient memory, 3 node(s) had … preemption: …` */
function readReasons(said: string): Reason[] {
  const [now = ''] = said.replace(/^.*?available: /, '').split(/\.? preemption:/);
  return now
    .replace(/\.$/, '')
    .split(/, (?=\d)/)
    .map((reason) => /^(\d+) (.*)$/.exec(reason) ?? [])
    .map(([, nodes = '0', text = '']) => ({ nodes: Number(nodes), text }));
}

function lacksGpu({ text }: Reason): boolean {
  return /^Insufficient [\w.-]+\/\w+/.test(text);
}

/** A node can lack several resources and is then counted with each; with any other reason it is counted once. */
function lacksGpuEverywhere(said: string, reasons: readonly Reason[]): boolean {
  const lacking = Math.max(0, ...reasons.filter(lacksGpu).map(({ nodes }) => nodes));
  const excluded = reasons.filter(({ text }) => !/^(Insufficient|Too many pods)/.test(text));
  const counted = excluded.reduce((sum, { nodes }) => sum + nodes, lacking);
  const all = Number(/^0\/(\d+) nodes/.exec(said)?.[1] ?? counted);
  return lacking > 0 && counted >= all;
}

/** One that keeps the pod off nodes that would fit: not those of the control plane, nor what Kubernetes itself puts on a node. */
function hasHarmfulTaint(reasons: readonly Reason[]): boolean {
  const taints = reasons
    .map(({ text }) => /untolerated taint\S* \{([^:}]*)/.exec(text)?.[1])
    .filter((key) => key !== undefined && !/^node(-role)?\.kubernetes\.io\//.test(key));
  const lacking = reasons.filter(({ text }) => text.startsWith('Insufficient'));
  return taints.some((key) => lacking.length === 0 || lacking.some(({ text }) => text.endsWith(` ${key}`)));
}

function outOfService(reasons: readonly Reason[]): string {
  const away = reasons.flatMap(({ nodes, text }) => {
    const taint = /taint\S* \{node\.kubernetes\.io\/([\w-]+)/.exec(text)?.[1];
    const why = /were unschedulable/.test(text) ? 'cordoned' : taint;
    return why === undefined ? [] : [{ nodes, why }];
  });
  const nodes = away.reduce((sum, each) => sum + each.nodes, 0);
  if (nodes === 0) return '';
  return `${nodes === 1 ? '1 node is' : `${nodes} nodes are`} out of service (${away.map(({ why }) => why).join(', ')})`;
}
