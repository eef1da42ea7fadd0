import type { Cluster } from '../lib/cluster.ts';
import { selectorOf } from '../lib/label-selector.ts';
import { type PipelineRun, readFailures, stateOf } from '../lib/serving/pipeline-runs.ts';
import type { Attempt } from './attempts.ts';

/** The runs that the listener has started for this commit and this service, as far as they are still there. */
export async function readAttempts(
  cluster: Pick<Cluster, 'list'>,
  { namespace, service }: { readonly namespace: string; readonly service: string },
  commit: string,
  signal?: AbortSignal,
): Promise<Attempt[]> {
  const labelSelector = selectorOf(attemptLabels(service, commit));
  const runs = await cluster.list<PipelineRun>(
    { apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', namespace, labelSelector },
    signal,
  );
  return Promise.all(
    runs.map(async (run) => {
      const state = stateOf(run);
      const { completionTime } = run.status ?? {};
      return {
        run: run.metadata.name,
        state,
        endedAt: state === 'running' || completionTime === undefined ? undefined : Date.parse(completionTime),
        failures:
          state === 'failed'
            ? (await readFailures(cluster, { namespace, run: run.metadata.name }, signal)).map(
                ({ outcome }) => outcome,
              )
            : [],
      };
    }),
  );
}

/** Labels of a run that the listener has started; triggers/eventlistener.yaml sets them. */
function attemptLabels(service: string, commit: string): Readonly<Record<string, string>> {
  return { 'llm-rollout/service': service, 'llm-rollout/revision': commit };
}
