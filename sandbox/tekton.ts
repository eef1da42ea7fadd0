import { parseDuration } from '../steps/lib/params.ts';
import { checkGraph, dependencies, resultDependencies } from './tekton/graph.ts';
import type { Pipeline } from './tekton/manifests.ts';
import { checkMatrices } from './tekton/check-matrix.ts';
import { type PipelineRequest, runOne, skip, type TaskEnd } from './tekton/pipeline-task.ts';
import { MissingVariable, substitute } from './tekton/substitute.ts';

export interface PipelineEnd {
  readonly status: 'Succeeded' | 'Completed' | 'Failed' | 'Cancelled';
  readonly tasks: readonly TaskEnd[];
  readonly results: ReadonlyMap<string, string>;
}

/**
 * Runs a Pipeline as Tekton would: order from runAfter and results, `when`, retries, time-outs, `finally`, results.
 * What it does not implement it refuses (manifests.ts), so that nothing passes here that a cluster would read otherwise.
 */
export async function runPipeline(request: PipelineRequest): Promise<PipelineEnd> {
  const { pipeline, run, signal } = request;
  checkGraph(pipeline.spec.tasks);
  checkMatrices(pipeline, request.tasks);
  const variables = new Map(runVariables(request));
  const ends = new Map<string, TaskEnd>();
  const deadline = AbortSignal.any([signal, timeout(run.spec.timeouts?.tasks)]);
  await runGraph(request, variables, ends, deadline);
  if (!signal.aborted && pipeline.spec.finally) {
    addStatuses(variables, ends, request);
    const stop = AbortSignal.any([signal, timeout(run.spec.timeouts?.finally)]);
    await Promise.all(
      pipeline.spec.finally.map(async (task) =>
        ends.set(task.name, await runOne({ request, task, variables, stop })),
      ),
    );
  }
  return {
    status: signal.aborted ? 'Cancelled' : pipelineStatus([...ends.values()]),
    tasks: [...ends.values()],
    results: pipelineResults(pipeline, variables),
  };
}

function timeout(duration: string | undefined): AbortSignal {
  const ms = duration === undefined ? undefined : parseDuration(duration);
  return AbortSignal.timeout(ms ?? 3_600_000);
}

function* runVariables({ pipeline, run, name, namespace }: PipelineRequest): Generator<[string, string]> {
  const given = new Map((run.spec.params ?? []).map((param) => [param.name, param.value]));
  for (const { name: param, default: fallback } of pipeline.spec.params ?? []) {
    const value = given.get(param) ?? fallback;
    if (value === undefined) throw new Error(`the Pipeline's parameter ${param} has no value and no default`);
    given.delete(param);
    yield [`params.${param}`, value];
  }
  if (given.size > 0) throw new Error(`the Pipeline has no parameter ${[...given.keys()].join(', ')}`);
  yield ['context.pipelineRun.name', name];
  yield ['context.pipelineRun.namespace', namespace];
  yield ['context.pipeline.name', pipeline.metadata.name];
}

/** Starts each task when all before it are over; after a failure nothing new starts. */
async function runGraph(
  request: PipelineRequest,
  variables: Map<string, string>,
  ends: Map<string, TaskEnd>,
  stop: AbortSignal,
): Promise<void> {
  const waiting = new Set(request.pipeline.spec.tasks);
  const running = new Map<string, Promise<TaskEnd>>();
  for (;;) {
    const failed = stop.aborted || [...ends.values()].some(({ status }) => status === 'Failed');
    for (const task of waiting) {
      if (failed || ![...dependencies(task)].every((name) => ends.has(name))) continue;
      waiting.delete(task);
      const skipped = [...resultDependencies(task)].some((name) => ends.get(name)?.status === 'None');
      const end = skipped
        ? skip(task, 'its results are missing')
        : runOne({ request, task, variables, stop });
      running.set(task.name, Promise.resolve(end));
    }
    if (running.size === 0) break;
    const end = await Promise.race(running.values());
    running.delete(end.name);
    ends.set(end.name, end);
    if (end.status === 'Succeeded') addResults(variables, end, request);
  }
  for (const task of waiting) ends.set(task.name, skip(task, 'a task before it failed'));
}

/** A result of type array has only the name of the whole list, and is its JSON. */
function addResults(
  variables: Map<string, string>,
  { name, results }: TaskEnd,
  { pipeline, tasks }: PipelineRequest,
): void {
  const task = pipeline.spec.tasks.find((one) => one.name === name);
  const declared = tasks.get(task?.taskRef.name ?? '')?.spec.results ?? [];
  for (const [result, value] of results) {
    const list = declared.find((one) => one.name === result)?.type === 'array';
    variables.set(`tasks.${name}.results.${result}${list ? '[*]' : ''}`, value);
  }
}

function addStatuses(
  variables: Map<string, string>,
  ends: Map<string, TaskEnd>,
  request: PipelineRequest,
): void {
  for (const { name } of request.pipeline.spec.tasks) {
    const end = ends.get(name);
    variables.set(`tasks.${name}.status`, end?.status ?? 'None');
    // A failed task's results reach `finally` too (seen on Tekton 1.15).
    if (end?.status === 'Failed') addResults(variables, end, request);
  }
  variables.set('tasks.status', pipelineStatus([...ends.values()]));
}

function pipelineStatus(ends: readonly TaskEnd[]): 'Succeeded' | 'Completed' | 'Failed' {
  if (ends.some(({ status }) => status === 'Failed')) return 'Failed';
  return ends.some(({ status }) => status === 'None') ? 'Completed' : 'Succeeded';
}

/** Results whose tasks did not succeed are left out, as Tekton leaves them out. */
function pipelineResults(pipeline: Pipeline, variables: ReadonlyMap<string, string>): Map<string, string> {
  const results = new Map<string, string>();
  for (const { name, value } of pipeline.spec.results ?? []) {
    try {
      results.set(name, substitute(value, variables));
    } catch (error) {
      if (!(error instanceof MissingVariable)) throw error;
    }
  }
  return results;
}
