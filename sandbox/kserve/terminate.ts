import { refOf } from '../cluster.ts';
import { isTerminating, timestamp } from './objects.ts';
import type { Pod } from './objects.ts';
import type { World } from './world.ts';

/** Ends a pod gracefully: it is terminating for a while, and keeps its GPU until it is gone. */
export function terminate({ controllers, timings, running }: World, pod: Pod): void {
  if (isTerminating(pod)) return;
  controllers.update(
    refOf(pod),
    (draft) => void (draft.metadata['deletionTimestamp'] = timestamp()),
    'kube-controller-manager',
  );
  const end = async () => {
    const process = running.get(pod.metadata.uid ?? '');
    await process?.stop();
    controllers.delete(refOf(pod));
  };
  controllers.event({
    about: pod,
    type: 'Normal',
    reason: 'Killing',
    message: `Stopping container ${pod.spec.containers[0]?.name ?? ''}`,
    from: 'kubelet',
  });
  setTimeout(() => void end(), timings.terminationMs).unref();
}
