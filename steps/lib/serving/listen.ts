import type { Cluster, KubeObject } from '../cluster.ts';
import { type ContainerSeen, type Pod, type PodSeen, readPod } from './pods.ts';

/** Lines that are fetched of a log: the cause of a crash stands some hundred lines before the generic last one. */
const logLines = 400;

/** The pod with the ends of the logs and the warnings that say why it is not ready. */
export async function listenTo(
  cluster: Cluster,
  pod: Pod,
  namespace: string,
  signal?: AbortSignal,
): Promise<PodSeen> {
  const seen = readPod(pod);
  if (seen.ready)
    return { ...seen, containers: seen.containers.map((each) => ({ ...each, log: '' })), warnings: [] };
  const [warnings, containers] = await Promise.all([
    listWarnings(cluster, pod, namespace, signal),
    Promise.all(
      seen.containers.map(async (container): Promise<ContainerSeen> => {
        if (!talks(container)) return { ...container, log: '' };
        return {
          ...container,
          log: await readWords(cluster, container, { namespace, pod: seen.name }, signal),
        };
      }),
    ),
  ]);
  return { ...seen, warnings, containers };
}

async function readWords(
  cluster: Cluster,
  { name, state, crashes }: Omit<ContainerSeen, 'log'>,
  place: { readonly namespace: string; readonly pod: string },
  signal?: AbortSignal,
): Promise<string> {
  const query = { ...place, container: name, tailLines: logLines };
  if (crashes === 0) return cluster.logs(query, signal);
  // While the next run has not crashed, the words of the one that did are in the log before; for a moment they may be in neither or both.
  const previous = state !== 'terminated';
  const words = await cluster.logs({ ...query, previous }, signal);
  return words === '' ? cluster.logs({ ...query, previous: !previous }, signal) : words;
}

/** Sidecars say nothing about the model unless they break. */
function talks({ done, state, crashes, name, init }: Omit<ContainerSeen, 'log'>): boolean {
  if (done || (state === 'waiting' && crashes === 0)) return false;
  return init || crashes > 0 || name === 'kserve-container';
}

interface Event extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string;
}

async function listWarnings(
  cluster: Cluster,
  pod: Pod,
  namespace: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const fieldSelector = `involvedObject.kind=Pod,involvedObject.name=${pod.metadata.name}`;
  const events = await cluster.list<Event>(
    { apiVersion: 'v1', kind: 'Event', namespace, fieldSelector },
    signal,
  );
  return events
    .filter((event) => isWarning(event) && !isPast(event, pod, events))
    .sort((a, b) => (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? ''))
    .map(({ reason, message }) => `${reason}: ${message}`)
    .slice(-10);
}

/** That a probe ended a container is told as an ordinary event. */
function isWarning({ type, reason, message = '' }: Event): boolean {
  return type === 'Warning' || (reason === 'Killing' && /failed \w+ probe/.test(message));
}

/** Volumes and the sandbox come before anything else: what is done for a container shows that they are there. */
function isPast({ reason, lastTimestamp = '' }: Event, { status }: Pod, events: readonly Event[]): boolean {
  if (reason !== 'FailedMount' && reason !== 'FailedCreatePodSandBox') return false;
  const begun = status?.conditions?.some(
    (condition) => condition.type === 'PodReadyToStartContainers' && condition.status === 'True',
  );
  const later = events.some(
    (event) =>
      /^(Pull|Created|Started)/.test(event.reason ?? '') && (event.lastTimestamp ?? '') >= lastTimestamp,
  );
  return begun === true || later;
}
