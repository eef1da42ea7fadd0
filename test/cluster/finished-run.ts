import type { KubeObject } from './kubectl.ts';
import type { Namespace } from './namespace.ts';

export interface FinishedRun {
  readonly name: string;
  /** Reason of its condition: Succeeded, Failed … */
  readonly reason: string;
  readonly message: string;
  readonly results: Readonly<Record<string, string>>;
  readonly tasks: Readonly<Record<string, FinishedTask>>;
}

export interface FinishedTask {
  readonly reason: string;
  readonly results: Readonly<Record<string, string>>;
  readonly pod: string;
  readonly exitCode: number | undefined;
  readonly retries: number;
}

/** A PipelineRun that has ended, with its TaskRuns by their names in the Pipeline. */
export async function readRun(namespace: Namespace, run: KubeObject): Promise<FinishedRun> {
  const name = run.metadata.name ?? '';
  const status = run['status'] as RunStatus;
  const taskRuns = await namespace.list('taskrun', `tekton.dev/pipelineRun=${name}`);
  const tasks = taskRuns.map((taskRun) => {
    const labels = taskRun.metadata['labels'] as Record<string, string>;
    return [labels['tekton.dev/pipelineTask'] ?? '', readTask(taskRun['status'] as RunStatus)] as const;
  });
  const { reason = '', message = '' } = conditionOf(status);
  return { name, reason, message, results: resultsOf(status), tasks: Object.fromEntries(tasks) };
}

interface RunStatus {
  conditions?: { type: string; reason: string; message: string }[];
  results?: { name: string; value: string }[];
  podName?: string;
  retriesStatus?: object[];
  steps?: { terminated?: { exitCode: number } }[];
}

const readTask = (status: RunStatus): FinishedTask => ({
  reason: conditionOf(status).reason ?? '',
  results: resultsOf(status),
  pod: status.podName ?? '',
  exitCode: status.steps?.[0]?.terminated?.exitCode,
  retries: status.retriesStatus?.length ?? 0,
});

const conditionOf = ({ conditions = [] }: RunStatus): { reason?: string; message?: string } =>
  conditions.find(({ type }) => type === 'Succeeded') ?? {};

const resultsOf = ({ results = [] }: RunStatus): Record<string, string> =>
  Object.fromEntries(results.map(({ name, value }) => [name, value]));
