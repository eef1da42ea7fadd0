import type { Cluster } from '../cluster.ts';
import { asStepError, StepError } from '../errors.ts';
import { crashProblem } from './crash-problem.ts';
import { observe } from './observe.ts';
import type { Around } from './pod-problems.ts';
import { isActive } from './pods.ts';

/**
 * Why a model whose pods were ready gave no answer. From outside one that dies of its first chat looks like a Route that is
 * down, which would not be held against the revision: a container that has ended tells them apart.
 */
export async function explainUnanswered(
  thrown: unknown,
  around: Around,
  { cluster, signal }: { readonly cluster: Cluster; readonly signal?: AbortSignal },
): Promise<StepError> {
  const error = asStepError(thrown);
  if (error.failure !== 'unavailable') return error;
  const snapshot = await observe(cluster, around.target, signal).catch(() => undefined);
  signal?.throwIfAborted();
  for (const pod of snapshot?.pods.filter(isActive) ?? []) {
    const ended = pod.containers.find(({ crashes, ready }) => crashes > 0 && !ready);
    if (!ended) continue;
    const { code, headline, evidence, hint } = crashProblem(ended, pod, around);
    return new StepError('check', `${code}: ${headline}`, {
      evidence: [`${error.message} (the first chat, after the pods were ready)`, ...evidence],
      hint,
      cause: error,
    });
  }
  return error;
}
