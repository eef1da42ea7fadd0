import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { specs } from '../steps/index.ts';
import { accountNamespace } from './install.ts';
import { type Pipeline, type PipelineRun, readManifest, type Task } from './tekton/manifests.ts';
import { type PipelineEnd, runPipeline } from './tekton.ts';
import type { World } from './world.ts';

export interface RolloutRequest {
  readonly world: World;
  /** The Pipeline under pipelines/, and its sample run; rollout-model unless it says otherwise. */
  readonly pipeline?: 'rollout-model' | 'rollout-model-sharded';
  /** Parameters of the Pipeline that differ from the sample run's. */
  readonly params: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onLine: (task: string, step: string, line: string) => void;
  readonly onStart?: (task: string, pid: number, attempt: number) => void;
}

/** Runs the sample PipelineRun, its accounts and time-outs included, in a world; the PipelineRun is an object of its cluster, as for the real Tekton. */
export async function rollOut({
  world,
  pipeline: pipelineName = 'rollout-model',
  params,
  signal,
  onLine,
  onStart,
}: RolloutRequest): Promise<PipelineEnd & { readonly name: string }> {
  const { pipeline, run, tasks } = await readManifests(pipelineName);
  const name = `${run.metadata.generateName}${randomBytes(3).toString('hex').slice(0, 5)}`;
  const given = new Map((run.spec.params ?? []).map((param) => [param.name, param.value]));
  for (const [param, value] of Object.entries(params)) given.set(param, value);
  const bound = [...given].map(([param, value]) => ({ name: param, value }));
  const note = noteRun(world, name, pipelineName);
  note('Unknown', 'Running');
  const end = await runPipeline({
    pipeline,
    run: { ...run, spec: { ...run.spec, params: bound } },
    name,
    namespace: accountNamespace,
    tasks,
    host: world.host,
    signal,
    onLine,
    ...(onStart && { onStart }),
  });
  note(end.status === 'Succeeded' || end.status === 'Completed' ? 'True' : 'False', end.status);
  return { ...end, name };
}

async function readManifests(name: string) {
  const path = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));
  const tasks = new Map<string, Task>();
  for (const spec of specs)
    tasks.set(spec.name, await readManifest<Task>(path(`tasks/${spec.name}/${spec.name}.yaml`), 'Task'));
  const pipeline = await readManifest<Pipeline>(path(`pipelines/${name}.yaml`), 'Pipeline');
  const run = await readManifest<PipelineRun>(path(`pipelines/samples/${name}-run.yaml`), 'PipelineRun');
  return { tasks, pipeline, run };
}

function noteRun({ cluster }: World, name: string, pipeline: string) {
  return (status: string, reason: string) => {
    cluster.controllers.put({
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name, namespace: accountNamespace },
      spec: { pipelineRef: { name: pipeline } },
      status: { conditions: [{ type: 'Succeeded', status, reason }] },
    });
  };
}
