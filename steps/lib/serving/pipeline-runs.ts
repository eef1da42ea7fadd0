import type { Cluster, KubeObject } from '../cluster.ts';
import type { Failure } from '../errors.ts';
import { selectorOf } from '../label-selector.ts';

export interface PipelineRun extends KubeObject {
  /** `status` is what a person asks of a run: Cancelled, CancelledRunFinally, StoppedRunFinally. */
  readonly spec?: { readonly status?: string };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly completionTime?: string;
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

/** A run that is over or gone holds nothing: a plain cancel runs no `finally` that could free its lock. */
export async function isRunning(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const run = await readRun(cluster, namespace, name, signal);
  return run !== undefined && stateOf(run) === 'running';
}

/** Whether somebody has cancelled or stopped the run. */
export async function wasStopped(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const run = await readRun(cluster, namespace, name, signal);
  return run !== undefined && isStopped(run);
}

/** How a run stands; `stopped` is one that ended because a person wanted it. */
export function stateOf(run: PipelineRun): 'running' | 'succeeded' | 'failed' | 'stopped' {
  const done = endOf(run);
  if (done === 'True') return 'succeeded';
  if (done !== 'False') return 'running';
  return isStopped(run) ? 'stopped' : 'failed';
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

interface TaskRun extends KubeObject {
  readonly status?: PipelineRun['status'] & {
    readonly results?: readonly { readonly name: string; readonly value: unknown }[];
  };
}

export interface TaskFailure {
  /** Its result `outcome`; undefined of one that could not even say so, as when its pod was killed. */
  readonly outcome: string | undefined;
  /** Tekton ended it, at the time-out that the Pipeline gives the task. */
  readonly timedOut: boolean;
}

/** How the failed TaskRuns of a run ended. Of one task of the Pipeline, when it is named. */
export async function readFailures(
  cluster: Pick<Cluster, 'list'>,
  { namespace, run, task }: { readonly namespace: string; readonly run: string; readonly task?: string },
  signal?: AbortSignal,
): Promise<TaskFailure[]> {
  const labelSelector = selectorOf({
    'tekton.dev/pipelineRun': run,
    ...(task && { 'tekton.dev/pipelineTask': task }),
  });
  const query = { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', namespace, labelSelector };
  const tasks = await cluster.list<TaskRun>(query, signal);
  return tasks
    .filter((each) => endOf(each) === 'False')
    .map((each) => ({ outcome: outcomeOf(each), timedOut: conditionOf(each)?.reason === 'TaskRunTimeout' }));
}

function outcomeOf({ status }: TaskRun): string | undefined {
  const outcome = status?.results?.find(({ name }) => name === 'outcome')?.value;
  return typeof outcome === 'string' ? outcome : undefined;
}

const outside: readonly Failure[] = ['unavailable', 'internal', 'stopped'];

/** The failure is of what was around the task, and may pass by itself. */
export function isOutside(outcome: string | undefined): boolean {
  return outcome === undefined || isOneOf(outside, outcome);
}

const ofPersons: readonly Failure[] = ['refused', 'usage'];

/** It says nothing of what the task looked at, which may be good: it may pass, or waits for a person. */
export function isBlameless(outcome: string | undefined): boolean {
  return outcome === undefined || isOneOf([...outside, ...ofPersons], outcome);
}

function isOneOf(failures: readonly Failure[], outcome: string): boolean {
  return failures.some((failure) => outcome.startsWith(`${failure}: `));
}

/**
 * The task did not come to its own end: it says nothing of a model that it asks. That one may be what is `unavailable`, and
 * what takes too long.
 */
export function wasCutShort({ outcome, timedOut }: TaskFailure): boolean {
  return !timedOut && isBlameless(outcome) && !outcome?.startsWith('unavailable: ');
}

/** RFC 3339 in UTC, whole seconds: it sorts as text. */
function startOf(run: PipelineRun | undefined): string | undefined {
  return run?.metadata.creationTimestamp;
}

function endOf(run: Pick<PipelineRun, 'status'>): string | undefined {
  return conditionOf(run)?.status;
}

function conditionOf({ status }: Pick<PipelineRun, 'status'>): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Succeeded');
}

function isStopped({ spec }: PipelineRun): boolean {
  return /^(Cancelled|Stopped)/.test(spec?.status ?? '');
}

function readRun(cluster: Cluster, namespace: string, name: string, signal?: AbortSignal) {
  const ref = { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', name, namespace };
  return cluster.get<PipelineRun>(ref, signal);
}
