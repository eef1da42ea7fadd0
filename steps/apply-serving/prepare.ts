import { StepError } from '../lib/errors.ts';
import { chooseMode } from '../lib/serving/mode.ts';
import { readRecord } from '../lib/serving/record.ts';
import { failureOf, type FailedRollout, type Rollout } from '../lib/serving/rollouts.ts';
import { type InferenceService, serviceRef, type ServingRuntime } from '../lib/serving/service.ts';
import { applyService } from '../lib/serving/switch.ts';
import type { Applying } from './apply.ts';
import { type Change, diff } from './diff.ts';
import { checkEncodings, decideApply, servedName } from './plan.ts';
import { type ApplyParams, renderRuntime, renderService } from './render.ts';
import { ensureRuntime } from './runtime.ts';

/** What a run would do, judged by the API server. */
export interface Plan {
  readonly live: InferenceService | undefined;
  readonly runtime: ServingRuntime;
  readonly wanted: Rollout;
  readonly changes: readonly Change[];
  readonly decision: 'unchanged' | 'apply';
}

/** Reads everything, lets the API server judge the change, and decides. Writes nothing. */
export async function prepare(params: ApplyParams, { cluster, namespace, signal }: Applying): Promise<Plan> {
  const { service } = params;
  const live = await cluster.get<InferenceService>(serviceRef(namespace, service), signal);
  const record = await readRecord(cluster, { namespace, service }, signal);
  const openApi = live?.status?.deploymentMode
    ? undefined
    : await cluster.openApi('apis/serving.kserve.io/v1beta1', signal);
  const runtime = renderRuntime(params, namespace);
  const mode = chooseMode(live, openApi);
  const wanted = want(params, { namespace, runtime: runtime.metadata.name, mode });
  const known = record && failureOf(record, wanted);
  if (known && !params.retryFailed) throw failedBefore(params, namespace, known);
  await ensureRuntime(cluster, runtime, { dryRun: true, signal });
  const force = params.forceConflicts;
  const answer = await applyService(cluster, wanted.service, { dryRun: true, force, signal });
  refuseOtherEncodings(answer, runtime, params);
  const changes = diff(live, answer);
  return { live, runtime, wanted, changes, decision: decideApply(record, wanted, changes.length > 0) };
}

function want(
  params: ApplyParams,
  place: { readonly namespace: string; readonly runtime: string; readonly mode: string },
): Rollout {
  return {
    runtime: place.runtime,
    path: params.prefix,
    manifestDigest: params.manifestDigest,
    model: params.model,
    revision: params.revision,
    servedName: servedName(params.args, params.service),
    run: params.pipelineRun,
    ...renderService(params, place),
  };
}

function refuseOtherEncodings(
  answer: InferenceService,
  runtime: ServingRuntime,
  { encodingsBase, service }: ApplyParams,
): void {
  const wrong = checkEncodings(answer, runtime, encodingsBase);
  if (wrong === undefined) return;
  const proved = encodingsBase === '' ? 'that it is not needed' : `it for ${encodingsBase}`;
  throw new StepError('check', `the server would start with ${wrong}, and verify-tiktoken proved ${proved}`, {
    evidence: [`${wrong} (env of InferenceService ${service}, after a dry run)`],
    hint: `oc edit inferenceservice ${service}   (remove it from spec.predictor.model.env), then start the run again`,
  });
}

function failedBefore(
  { service, revision, manifestDigest }: ApplyParams,
  namespace: string,
  { reason, run }: FailedRollout,
): StepError {
  const what = revision || manifestDigest || 'this revision';
  return new StepError('check', `${what} failed before and is not rolled out again by itself`, {
    evidence: [`${reason} in PipelineRun ${run} (ConfigMap ${service}-rollout, namespace ${namespace})`],
    hint: 'start the run with retry-failed=true once you know why; another image or argument is another attempt anyway',
  });
}
