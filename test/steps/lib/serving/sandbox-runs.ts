import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { refOf } from '../../../../sandbox/cluster.ts';
import type { KserveFault } from '../../../../sandbox/kserve.ts';
import { applyServing } from '../../../../steps/apply-serving/apply.ts';
import { spec as applySpec } from '../../../../steps/apply-serving/spec.ts';
import { createCluster, type KubeObject } from '../../../../steps/lib/cluster.ts';
import { openEndpoint } from '../../../../steps/lib/endpoint.ts';
import { runStep, type StepContext } from '../../../../steps/lib/run.ts';
import type { Lease } from '../../../../steps/lib/lease.ts';
import type { InferenceService } from '../../../../steps/lib/serving/service.ts';
import type { Params, Results, ResultsOf, Secrets, StepSpec } from '../../../../steps/lib/step.ts';
import { settleRollout } from '../../../../steps/settle-rollout/settle.ts';
import { spec as settleSpec } from '../../../../steps/settle-rollout/spec.ts';
import { spec as waitSpec } from '../../../../steps/wait-ready/spec.ts';
import { waitReady } from '../../../../steps/wait-ready/wait.ts';
import { accountName, renderRbac } from '../../../../tasks/render-rbac.ts';
import { modelFiles, namespace, startHarness } from '../../../sandbox/kserve-harness.ts';

export interface Ended {
  readonly code: number;
  readonly results: Readonly<Record<string, string>>;
  /** What a person reads. */
  readonly log: string;
}

export const service = applySpec.params.service.default;

/** The three steps against the sandbox's cluster and KServe, each with the rights of its own Role and nothing more. */
export async function startSandboxRuns(bucket = { ...modelFiles(pathOf('a')), ...modelFiles(pathOf('b')) }) {
  const faults: KserveFault[] = [];
  const harness = await startHarness({ faults, gpus: 1 }, bucket);
  const { cluster } = harness;
  const { controllers } = cluster;
  const folder = await mkdtemp(join(tmpdir(), 'serving-steps-'));
  for (const spec of [applySpec, waitSpec, settleSpec]) {
    for (const { text } of renderRbac(spec)) {
      for (const document of parseAllDocuments(text)) controllers.put(placed(document.toJS() as KubeObject));
    }
  }

  const step = async <P extends Params, S extends Secrets, R extends Results>(
    spec: StepSpec<P, S, R>,
    handler: (context: StepContext<StepSpec<P, S, R>>) => Promise<ResultsOf<StepSpec<P, S, R>>>,
    flags: Readonly<Record<string, string>>,
  ): Promise<Ended> => {
    const results = await mkdtemp(join(folder, `${spec.name}-`));
    const kubeconfig = await cluster.kubeconfig({ namespace, serviceAccount: accountName(spec) });
    let log = '';
    const all = { ...flags, namespace, 'results-dir': results };
    const world = {
      argv: ['node', spec.name, ...Object.entries(all).map(([name, value]) => `--${name}=${value}`)],
      env: { KUBECONFIG: kubeconfig },
      stdout: { write: () => true },
      stderr: { write: (text: string) => void (log += text) },
      on: () => {},
      off: () => {},
    };
    const code = await runStep(spec, world, handler);
    return { code, results: await readResults(results), log };
  };

  const connect = async ({
    env,
    log,
    clock,
    signal,
  }: Pick<StepContext<StepSpec>, 'env' | 'log' | 'clock' | 'signal'>) => {
    const own = await createCluster({ env, log });
    const endpoint = () =>
      openEndpoint({
        cluster: own,
        network: { fetch },
        log,
        service: { namespace, name: service },
        signal,
        timings: { grantMs: 500, grantPollMs: 50, attempts: 3, baseMs: 10 },
      });
    return { cluster: own, namespace, openEndpoint: endpoint, log, clock, signal };
  };

  const startRun = (name: string) =>
    controllers.put({
      apiVersion: 'tekton.dev/v1',
      kind: 'PipelineRun',
      metadata: { name, namespace },
      spec: {},
    });

  return {
    ...harness,
    faults,
    startRun,
    endRun: (name: string) =>
      controllers.update(refOf(startRun(name)), (draft) => {
        draft['status'] = { conditions: [{ type: 'Succeeded', status: 'True' }] };
      }),
    live: (): InferenceService | undefined =>
      controllers.get(ref('serving.kserve.io/v1beta1', 'InferenceService', service)),
    holder: () => {
      const lease: Lease | undefined = controllers.get(
        ref('coordination.k8s.io/v1', 'Lease', `${service}-rollout`),
      );
      return lease?.spec?.holderIdentity;
    },
    apply: (revision: string, flags: Readonly<Record<string, string>> = {}) => {
      // Each roll-out is a run that has just begun, also when one of its name was there.
      controllers.delete(refOf(startRun(`run-${revision}`)));
      startRun(`run-${revision}`);
      return step(applySpec, async (context) => applyServing(context.params, await connect(context)), {
        prefix: pathOf(revision),
        revision,
        image: 'vllm:0.32',
        'storage-key': 'models',
        'pipeline-run': `run-${revision}`,
        poll: '100ms',
        ...flags,
      });
    },
    wait: (applied: Ended, flags: Readonly<Record<string, string>> = {}) =>
      step(waitSpec, async (context) => waitReady(context.params, await connect(context)), {
        runtime: applied.results['runtime'] ?? '',
        path: applied.results['path'] ?? '',
        'served-name': applied.results['served-name'] ?? '',
        poll: '100ms',
        timeout: '20s',
        ...flags,
      }),
    settle: (revision: string, flags: Readonly<Record<string, string>> = {}) =>
      step(settleSpec, async (context) => settleRollout(context.params, await connect(context)), {
        'pipeline-run': `run-${revision}`,
        'apply-status': 'Succeeded',
        'wait-status': 'Succeeded',
        'smoke-status': 'Succeeded',
        poll: '100ms',
        timeout: '20s',
        ...flags,
      }),
    close: async () => {
      await harness.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function pathOf(revision: string): string {
  return `models/openai/gpt/${revision}/`;
}

function ref(apiVersion: string, kind: string, name: string) {
  return { apiVersion, kind, name, namespace };
}

function placed(object: KubeObject): KubeObject {
  const subjects = object['subjects'] as readonly object[] | undefined;
  return {
    ...object,
    metadata: { ...object.metadata, namespace },
    ...(subjects && { subjects: subjects.map((subject) => ({ namespace, ...subject })) }),
  };
}

async function readResults(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const values = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
}
