import { expect } from 'vitest';
import { applyServing } from '../../../steps/apply-serving/apply.ts';
import { StepError } from '../../../steps/lib/errors.ts';
import { convertParams } from '../../../steps/lib/params.ts';
import type { Lease } from '../../../steps/lib/lease.ts';
import type { InferenceService } from '../../../steps/lib/serving/service.ts';
import { settleRollout } from '../../../steps/settle-rollout/settle.ts';
import { spec } from '../../../steps/settle-rollout/spec.ts';
import { paramsOf } from '../apply-serving/params.ts';
import type { MemoryCluster } from '../lib/serving/memory-cluster.ts';
import { clusterWithKserve } from '../lib/serving/mini-kserve.ts';
import { namespace, service } from '../lib/serving/rollout.ts';
import { listeningLog, virtualClock } from '../lib/serving/time.ts';

type Status = 'Succeeded' | 'Failed' | 'None';

/** Roll-outs of revisions by name, each in a run of its own, on a cluster in memory. */
export function startRuns() {
  const { cluster, kserve } = clusterWithKserve();
  const chats: string[] = [];
  let answers = true;

  const apply = async (revision: string, flags: Readonly<Record<string, string>> = {}) => {
    startRun(cluster, `run-${revision}`);
    const params = paramsOf({
      prefix: pathOf(revision),
      revision,
      image: `vllm:${revision}`,
      'storage-config': 'trust',
      'pipeline-run': `run-${revision}`,
      ...flags,
    });
    const { log } = listeningLog();
    return applyServing(params, { cluster, namespace, log, clock: virtualClock(), signal: never() });
  };

  const settle = async (
    revision: string,
    statuses: { apply?: Status; wait?: Status; smoke?: Status } = {},
    flags: Readonly<Record<string, string>> = {},
  ) => {
    const { apply: applied = 'Succeeded', wait = 'Succeeded', smoke = 'Succeeded' } = statuses;
    const { params, problems } = convertParams(spec, {
      service,
      'pipeline-run': `run-${revision}`,
      'apply-status': applied,
      'wait-status': wait,
      'smoke-status': smoke,
      ...flags,
    });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    const { log, lines } = listeningLog();
    const openEndpoint = () =>
      Promise.resolve({
        url: 'https://gpt',
        listModels: () => Promise.resolve([{ id: 'gpt' }]),
        chat: (model: string) => {
          chats.push(model);
          return answers
            ? Promise.resolve({ content: 'ready', reasoning: '', finishReason: 'stop' })
            : Promise.reject(new Error('no answer'));
        },
      });
    const context = { cluster, namespace, openEndpoint, log, clock: virtualClock(), signal: never() };
    const done = settleRollout(params, context).finally(() => endRun(cluster, `run-${revision}`));
    return { ...(await done), lines };
  };

  return {
    cluster,
    kserve,
    chats,
    apply,
    settle,
    breakAnswers: () => void (answers = false),
    mendAnswers: () => void (answers = true),
    rollOut: async (revision: string, flags: Readonly<Record<string, string>> = {}) => {
      await apply(revision, flags);
      return settle(revision);
    },
  };
}

export function pathOf(revision: string): string {
  return `models/openai/gpt/${revision}/`;
}

export function liveOf(cluster: MemoryCluster): InferenceService | undefined {
  return cluster.peek('InferenceService', service);
}

export function holderOf(cluster: MemoryCluster): string | undefined {
  const lease: Lease | undefined = cluster.peek('Lease', `${service}-rollout`);
  return lease?.spec?.holderIdentity;
}

export async function thrownBy(promise: Promise<unknown>): Promise<StepError> {
  const error = await promise.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StepError);
  return error as StepError;
}

function startRun(cluster: MemoryCluster, name: string): void {
  cluster.put({ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name, namespace } });
}

/** A run that is over, as a plain cancel leaves it too: without its last task. */
export function endRun(cluster: MemoryCluster, name: string): void {
  const status = { conditions: [{ type: 'Succeeded', status: 'True' }] };
  cluster.put({ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name, namespace }, status });
}

function never(): AbortSignal {
  return new AbortController().signal;
}
