import type { DeploymentSeen } from './deployment-seen.ts';
import type { Snapshot } from './observe.ts';
import { type ContainerSeen, isActive, type PodSeen } from './pods.ts';
import { downloadProgress, loadPhase } from './words.ts';

const phases = [
  'controller',
  'creating',
  'scheduling',
  'starting',
  'downloading',
  'pulling',
  'loading',
  'settling',
  'ready',
] as const;

export type Phase = (typeof phases)[number];

export interface Progress {
  readonly phase: Phase;
  /** For the log: one line each time that it changes. */
  readonly line: string;
  readonly pod?: string;
}

/** How far the new revision is: as far as its last pod. */
export function progressOf(snapshot: Snapshot): Progress {
  const { service, deployment, pods } = snapshot;
  if (!service || !deployment || deployment.lag !== undefined || !deployment.observed) {
    return { phase: 'controller', line: 'waiting for KServe to take up the change' };
  }
  const staying = pods.filter(isActive);
  const missing = missingPods(staying.length, snapshot, deployment);
  if (missing !== undefined) return { phase: 'creating', line: missing };
  const slowest = staying
    .map(podProgress)
    .sort((a, b) => phases.indexOf(a.phase) - phases.indexOf(b.phase))[0];
  if (slowest && slowest.phase !== 'ready') return slowest;
  const pod = staying[0]?.name;
  const rest = remaining(snapshot, deployment);
  return rest === undefined
    ? { phase: 'ready', line: 'ready', ...(pod && { pod }) }
    : { phase: 'settling', line: rest, ...(pod && { pod }) };
}

/** What is still to come once all new pods are ready. */
function remaining(
  { service, oldPods }: Snapshot,
  { wanted, updated, available, replicas }: DeploymentSeen,
): string | undefined {
  if (updated < wanted || available < wanted)
    return 'pods are ready, waiting for the Deployment to count them';
  const old = oldPods.filter(({ leaving, ready }) => ready && !leaving);
  if (replicas > wanted || old.length > 0) return 'waiting for the old pods to leave';
  if (!service?.ready || service.url === undefined) return 'waiting for the address of the service';
  return undefined;
}

function missingPods(
  there: number,
  snapshot: Snapshot,
  { name, wanted }: DeploymentSeen,
): string | undefined {
  if (wanted === 0) return `the Deployment ${name} is scaled to 0`;
  return there < wanted ? `waiting for pods: ${there} of ${wanted}${holders(snapshot)}` : undefined;
}

function holders({ oldPods }: Snapshot): string {
  const leaving = oldPods.filter((pod) => pod.leaving);
  return leaving.length > 0 ? `, ${leaving.map(({ name }) => name).join(', ')} is leaving` : '';
}

function podProgress(pod: PodSeen): Progress {
  const at = (phase: Phase, line: string): Progress => ({ phase, line, pod: pod.name });
  if (pod.ready) return at('ready', 'ready');
  if (pod.unscheduled !== undefined) return at('scheduling', `waiting for a node: ${pod.unscheduled}`);
  if (pod.containers.length === 0) return at('scheduling', 'waiting for a node');
  // A sidecar among them runs on, ready and never done.
  const init = pod.containers.find((container) => container.init && !container.done && !container.ready);
  if (init) return at(isDownloading(init) ? 'downloading' : 'starting', initLine(init));
  const server = pod.containers.find(({ name }) => name === 'kserve-container');
  if (!server || server.ready) return at('loading', 'waiting for the other containers of the pod');
  return at(server.state === 'waiting' && server.crashes === 0 ? 'pulling' : 'loading', serverLine(server));
}

function isDownloading({ name, state }: ContainerSeen): boolean {
  return name === 'storage-initializer' && state === 'running';
}

function initLine(container: ContainerSeen): string {
  const { name, state, reason, crashes, log } = container;
  if (crashes > 0) return `${name} failed ${crashes}× and is tried again`;
  if (state !== 'running') return `starting ${name}${reason ? ` (${reason})` : ''}`;
  if (!isDownloading(container)) return `waiting for ${name}`;
  const progress = downloadProgress(log);
  return `downloading the model${progress ? `: ${progress}` : ''}`;
}

function serverLine({ state, reason, crashes, log }: ContainerSeen): string {
  if (state !== 'running')
    return crashes > 0
      ? `the server ended ${crashes}× and is started again`
      : `starting the server${reason ? ` (${reason})` : ''}`;
  // The log at hand is then that of the run before.
  return crashes > 0 ? `loading again after ${crashes} crashes` : `loading the model: ${loadPhase(log)}`;
}
