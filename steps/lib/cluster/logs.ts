import type { Cluster } from '../cluster.ts';
import type { Log } from '../log.ts';
import { ClusterError } from './cluster-error.ts';
import type { Caller } from './caller.ts';
import { explainAnswer } from './explain.ts';
import type { Subject } from './refusal.ts';
import { readStatus } from './status.ts';

/** Reads container logs. They are evidence, not truth: a node that does not hand them out yields an empty log and a warning. */
export function createReadLogs(caller: Caller, log: Log): Cluster['logs'] {
  return async ({ namespace, pod, container, tailLines, previous = false }, signal) => {
    const query = new URLSearchParams({
      container,
      tailLines: String(tailLines),
      ...(previous && { previous: 'true' }),
    });
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query.toString()}`;
    const subject: Subject = {
      request: { method: 'GET', path },
      what: `the log of ${container} in pod ${namespace}/${pod}`,
      namespace,
      patienceMs: 5_000,
    };
    const reply = await readOrGiveUp(caller, subject, signal);
    if (reply instanceof ClusterError) {
      log.warn(`cannot read ${subject.what}`, { because: reply.evidence[0] ?? reply.message });
      return '';
    }
    if (reply.status === 200 || reply.status === 204) return reply.text;
    if (hasNone(reply.status, readStatus(reply)?.message ?? '')) return '';
    throw explainAnswer(reply, subject);
  };
}

/** The API server answers 5xx for a kubelet that it cannot reach. */
async function readOrGiveUp(caller: Caller, subject: Subject, signal?: AbortSignal) {
  try {
    return await caller.call(subject, signal);
  } catch (error) {
    if (error instanceof ClusterError && error.status >= 500) return error;
    throw error;
  }
}

/** The pod is gone, or the container has not run (yet, or before). */
function hasNone(status: number, message: string): boolean {
  return (
    status === 404 ||
    (status === 400 &&
      /is waiting to start|is not available|is terminated|previous terminated container .* not found/.test(
        message,
      ))
  );
}
