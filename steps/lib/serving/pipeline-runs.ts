import type { Cluster, KubeObject } from '../cluster.ts';

interface PipelineRun extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** A run that is over or gone holds nothing: a plain cancel runs no `finally` that could free its lock. */
export async function isRunning(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const run = await readRun(cluster, namespace, name, signal);
  const done = run?.status?.conditions?.find(({ type }) => type === 'Succeeded');
  return run !== undefined && (done === undefined || done.status === 'Unknown');
}

/** Whether `run` was started after `other`; false when one of them is gone. */
export async function isYounger(
  cluster: Cluster,
  namespace: string,
  [run, other]: readonly [run: string, other: string],
  signal?: AbortSignal,
): Promise<boolean> {
  const [one, two] = await Promise.all(
    [run, other].map(async (name) => readRun(cluster, namespace, name, signal)),
  );
  const [began, before] = [startOf(one), startOf(two)];
  return began !== undefined && before !== undefined && began > before;
}

/** RFC 3339 in UTC, whole seconds: it sorts as text. */
function startOf(run: PipelineRun | undefined): string | undefined {
  return run?.metadata.creationTimestamp;
}

function readRun(cluster: Cluster, namespace: string, name: string, signal?: AbortSignal) {
  const ref = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name, namespace };
  return cluster.get<PipelineRun>(ref, signal);
}
