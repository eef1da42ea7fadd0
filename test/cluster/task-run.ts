import type { Params } from './cases/case.ts';
import { until } from './daemon.ts';
import type { KubeObject } from './kubectl.ts';
import { isDone, type Namespace } from './namespace.ts';
import type { Ring } from './ring.ts';

export interface Asked {
  readonly params: Params;
  readonly claims?: Params;
  readonly account?: string;
  readonly env?: Params;
  readonly cancelAt?: RegExp;
}

export interface FinishedTaskRun {
  readonly reason: string;
  readonly exitCode: number | undefined;
  readonly results: Readonly<Record<string, string>>;
  readonly message: string;
  readonly said: string;
  /** The pod as it ran; undefined when it was cancelled, which deletes it. */
  readonly pod: KubeObject | undefined;
  readonly run: KubeObject;
}

/** Runs a Task of the namespace to its end. */
export async function runTask(
  ring: Ring,
  namespace: Namespace,
  task: string,
  asked: Asked,
): Promise<FinishedTaskRun> {
  const name = await namespace.create(taskRun(task, asked));
  const { cancelAt: at } = asked;
  if (at !== undefined) {
    const said = await cancelInTheMiddle(ring, namespace, { name, task, at });
    const run = await namespace.waitFor('taskrun', name, isDone);
    return { ...read(run), said, pod: undefined, run };
  }
  // A step may wait a minute for an API server that is not there, and its pod for the others of the node.
  const run = await namespace.waitFor('taskrun', name, isDone, 240_000);
  const pod = (run['status'] as TaskRunStatus).podName ?? '';
  const said = await namespace.logs(pod, `step-${task}`);
  return { ...read(run), said, pod: await namespace.get('pod', pod), run };
}

function taskRun(
  task: string,
  { params, claims = {}, account = `llm-rollout-${task}`, env = {} }: Asked,
): KubeObject {
  const pairs = (values: Params) => Object.entries(values).map(([name, value]) => ({ name, value }));
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { generateName: `${task}-` },
    spec: {
      taskRef: { name: task },
      serviceAccountName: account,
      params: pairs(params),
      workspaces: Object.entries(claims).map(([name, claimName]) => ({
        name,
        persistentVolumeClaim: { claimName },
      })),
      ...(Object.keys(env).length > 0 && { podTemplate: { env: pairs(env) } }),
    },
  };
}

function read(run: KubeObject) {
  const { conditions = [], results = [], steps = [] } = run['status'] as TaskRunStatus;
  return {
    reason: conditions[0]?.reason ?? '',
    exitCode: steps[0]?.terminated?.exitCode,
    results: Object.fromEntries(results.map(({ name, value }) => [name, value])),
    message: steps[0]?.terminated?.message ?? '',
  };
}

/** Cancels the run when its step has said so far, and returns all that it said: the pod is deleted, so somebody must listen. */
async function cancelInTheMiddle(
  { kubectl }: Ring,
  namespace: Namespace,
  { name, task, at }: { name: string; task: string; at: RegExp },
): Promise<string> {
  const step = (run: KubeObject): boolean =>
    (run['status'] as TaskRunStatus | undefined)?.steps?.[0]?.running !== undefined || isDone(run);
  const { status } = (await namespace.waitFor('taskrun', name, step, 120_000)) as unknown as {
    status: TaskRunStatus;
  };
  const pod = status.podName ?? '';
  const all = kubectl.attempt(['logs', '--follow', '-n', namespace.name, pod, '-c', `step-${task}`]);
  let said = '';
  const heard = async (): Promise<boolean> => {
    said = await namespace.logs(pod, `step-${task}`);
    return at.test(said);
  };
  // Cases of one Task run at once, and may wait for each other before they come to this line.
  await until(`the line ${at}`, heard, { deadline: 120_000 }).catch((error: unknown) => {
    throw new Error(`The step never said ${at}: ${said}`, { cause: error });
  });
  const patch = JSON.stringify({ spec: { status: 'TaskRunCancelled' } });
  await kubectl.run(['patch', '-n', namespace.name, 'taskrun', name, '--type=merge', `--patch=${patch}`]);
  return (await all).stdout;
}

interface TaskRunStatus {
  podName?: string;
  conditions?: { reason: string }[];
  results?: { name: string; value: string }[];
  steps?: { running?: object; terminated?: { exitCode: number; message?: string } }[];
}
