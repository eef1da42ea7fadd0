import { parseDuration } from '../../steps/lib/params.ts';
import type { Pipeline, PipelineRun, PipelineTask, Task, When } from './manifests.ts';
import { type Host, runTask, type TaskRunEnd, type TaskRunRequest } from './run-task.ts';
import { type Combination, fanOut } from './matrix.ts';
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
  /** Told the task's name; of a matrix with the number of the TaskRun behind it, `move-model-0`. */
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
  /** The TaskRuns of a matrix. */
  readonly runs?: readonly TaskEnd[];
}

export interface OneTask {
  readonly request: PipelineRequest;
  readonly task: PipelineTask;
  readonly variables: ReadonlyMap<string, string>;
  readonly stop: AbortSignal;
}

/** One TaskRun: of a matrix it has a name and params of its own. */
interface OneRun extends OneTask {
  readonly name: string;
  readonly combination: Combination;
}

/** Runs one task of a Pipeline, or skips it for its `when` or for results that a skipped task never gave. */
export async function runOne(one: OneTask): Promise<TaskEnd> {
  const { task, variables } = one;
  try {
    if (!(task.when ?? []).every((guard) => holds(guard, variables)))
      return skip(task, 'its when does not hold');
    if (task.matrix) return await runMatrix(one, task.matrix);
    const run = { ...one, name: task.name, combination: [] };
    return await runWithRetries(run, taskVariables(run));
  } catch (error) {
    if (error instanceof MissingVariable && error.variable.startsWith('tasks.'))
      return skip(task, 'its results are missing');
    throw error;
  }
}

/** All combinations side by side; one that fails stops no other, and retries are each one's own. */
async function runMatrix(one: OneTask, matrix: NonNullable<PipelineTask['matrix']>): Promise<TaskEnd> {
  const { task, variables } = one;
  const combinations = fanOut(matrix.params, variables);
  if (combinations.length === 0) return skip(task, 'a list of its matrix is empty');
  const startedAt = performance.now();
  const runs = await Promise.all(
    combinations.map((combination, i) => {
      const run = { ...one, name: `${task.name}-${i}`, combination };
      return runWithRetries(run, taskVariables(run));
    }),
  );
  const failed = runs.find(({ status }) => status !== 'Succeeded');
  return {
    name: task.name,
    status: failed?.status ?? 'Succeeded',
    reason: failed?.reason ?? 'Succeeded',
    exitCode: failed ? failed.exitCode : 0,
    seconds: (performance.now() - startedAt) / 1000,
    attempts: Math.max(...runs.map(({ attempts }) => attempts)),
    results: new Map(),
    runs,
  };
}

async function runWithRetries(one: OneRun, variables: Map<string, string>): Promise<TaskEnd> {
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
  return { ...end, name: one.name, status: end.succeeded ? 'Succeeded' : 'Failed', seconds, attempts };
}

function describeAttempt(
  { request, task, stop, name: runName }: OneRun,
  variables: Map<string, string>,
  attempt: number,
): TaskRunRequest {
  const { name, host, onLine, onStart } = request;
  return {
    name: `${name}-${runName}`,
    task: taskOf(request, task),
    variables,
    serviceAccount: accountOf(request.run, task),
    host,
    timeoutMs: parseDuration(task.timeout ?? '1h') ?? 3_600_000,
    signal: stop,
    onLine: (step, line) => onLine(runName, step, line),
    onStart: (pid) => onStart?.(runName, pid, attempt),
  };
}

function accountOf({ spec }: PipelineRun, { name }: PipelineTask): string {
  const own = spec.taskRunSpecs?.find(({ pipelineTaskName }) => pipelineTaskName === name);
  return own?.serviceAccountName ?? spec.taskRunTemplate?.serviceAccountName ?? 'default';
}

function taskVariables({
  request,
  task,
  variables,
  name: runName,
  combination,
}: OneRun): Map<string, string> {
  const definition = taskOf(request, task);
  const given = new Map([
    ...(task.params ?? []).map(({ name, value }) => [name, substitute(value, variables)] as const),
    ...combination.map(({ name, value }) => [name, value] as const),
  ]);
  const own = new Map([
    ['context.taskRun.name', `${request.name}-${runName}`],
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
