import type { Namespace } from './namespace.ts';
import type { Ring } from './ring.ts';

/** Ends a container of a pod as the kernel does when memory runs out: SIGKILL, no word to anybody. */
export async function killContainer(
  ring: Ring,
  namespace: Namespace,
  pod: string,
  container: string,
): Promise<void> {
  const { containerStatuses = [] } = (await namespace.get('pod', pod))['status'] as PodStatus;
  const id = containerStatuses.find(({ name }) => name === container)?.containerID;
  if (id === undefined) throw new Error(`${pod} has no running container ${container}`);
  const task = id.replace('containerd://', '');
  const { code, stderr } = await ring.inside('ctr', ['-n', 'k8s.io', 'task', 'kill', '-s', 'SIGKILL', task]);
  if (code !== 0) throw new Error(`ctr ended with ${code}: ${stderr}`);
}

interface PodStatus {
  containerStatuses?: { name: string; containerID?: string }[];
}
