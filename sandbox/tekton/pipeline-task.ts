import { parseDuration } from '../../steps/lib/params.ts';
import type { Pipeline, PipelineRun, PipelineTask, Task, When } from './manifests.ts';
import { type Host, runTask, type TaskRunEnd, type TaskRunRequest } from './run-task.ts';
import { MissingVariable, substitute } from './substitute.ts';

export interface PipelineRequest {
  readonly pipeline: Pipeline;
  readonly run: PipelineRun;
  /** The run's name, as Tekton would make it. */
  readonly name: string;
  readonly namespace: string;
  readonly tasks: ReadonlyMap<string, Task>;
  readonly host: Host;
  /** Aborted to cancel: running steps get SIGTERM, `finally` does not run. */
  readonly signal: AbortSignal;
  readonly onLine: (task: string, step: string, line: string) => void;
  readonly onStart?: (task: string, pid: number, attempt: number) => void;
}

export interface TaskEnd {
  readonly name: string;
  /** As `$(tasks.x.status)` gives it; None is a task that was skipped. */
  readonly status: 'Succeeded' | 'Failed' | 'None';
  readonly reason: string;
  readonly exitCode: number | undefined;
  readonly seconds: number;
  readonly attempts: number;
  readonly results: ReadonlyMap<string, string>;
}

export interface OneTask {
  readonly request: PipelineRequest;
  readonly task: PipelineTask;
  readonly variables: ReadonlyMap<string, string>;
  readonly stop: AbortSignal;
}

/** Runs one task of a Pipeline, or skips it for its `when` or for results that a skipped task never gave. */
export async function runOne(one: OneTask): Promise<TaskEnd> {
  const { task, variables } = one;
  try {
    if (!(task.when ?? []).every((guard) => holds(guard, variables)))
      return skip(task, 'its when does not hold');
    return await runWithRetries(one, taskVariables(one));
  } catch (error) {
    if (error instanceof MissingVariable && error.variable.startsWith('tasks.'))
      return skip(task, 'its results are missing');
    throw error;
  }
}

async function runWithRetries(one: OneTask, variables: Map<string, string>): Promise<TaskEnd> {
  const { task, stop } = one;
  const startedAt = performance.now();
  let end: TaskRunEnd | undefined;
  let attempts = 0;
  while (!end?.succeeded && attempts <= (task.retries ?? 0) && !stop.aborted) {
    attempts += 1;
    end = await runTask(describeAttempt(one, variables, attempts));
  }
  if (!end) return skip(task, 'the run was stopped');
  const seconds = (performance.now() - startedAt) / 1000;
  return { ...end, name: task.name, status: end.succeeded ? 'Succeeded' : 'Failed', seconds, attempts };
}

function describeAttempt(
  { request, task, stop }: OneTask,
  variables: Map<string, string>,
  attempt: number,
): TaskRunRequest {
  const { name, host, onLine, onStart } = request;
  return {
    name: `${name}-${task.name}`,
    task: taskOf(request, task),
    variables,
    serviceAccount: accountOf(request.run, task),
    host,
    timeoutMs: parseDuration(task.timeout ?? '1h') ?? 3_600_000,
    signal: stop,
    onLine: (step, line) => onLine(task.name, step, line),
    onStart: (pid) => onStart?.(task.name, pid, attempt),
  };
}

function accountOf({ spec }: PipelineRun, { name }: PipelineTask): string {
  const own = spec.taskRunSpecs?.find(({ pipelineTaskName }) => pipelineTaskName === name);
  return own?.serviceAccountName ?? spec.taskRunTemplate?.serviceAccountName ?? 'default';
}

function taskVariables({ request, task, variables }: OneTask): Map<string, string> {
  const definition = taskOf(request, task);
  const given = new Map((task.params ?? []).map(({ name, value }) => [name, substitute(value, variables)]));
  const own = new Map([
    ['context.taskRun.name', `${request.name}-${task.name}`],
    ['context.taskRun.namespace', request.namespace],
    ['context.task.name', definition.metadata.name],
  ]);
  for (const { name, default: fallback } of definition.spec.params ?? []) {
    const value = given.get(name) ?? fallback;
    if (value === undefined)
      throw new Error(`task ${task.name}: parameter ${name} has no value and no default`);
    given.delete(name);
    own.set(`params.${name}`, value);
  }
  if (given.size > 0) throw new Error(`task ${task.name} has no parameter ${[...given.keys()].join(', ')}`);
  return own;
}

function taskOf({ tasks }: PipelineRequest, task: PipelineTask): Task {
  const definition = tasks.get(task.taskRef.name);
  if (!definition) throw new Error(`there is no Task ${task.taskRef.name}`);
  return definition;
}

function holds({ input, operator, values }: When, variables: ReadonlyMap<string, string>): boolean {
  const found = values.map((value) => substitute(value, variables)).includes(substitute(input, variables));
  return operator === 'in' ? found : !found;
}

export function skip(task: PipelineTask, why: string): TaskEnd {
  return {
    name: task.name,
    status: 'None',
    reason: `skipped: ${why}`,
    exitCode: undefined,
    seconds: 0,
    attempts: 0,
    results: new Map(),
  };
}
