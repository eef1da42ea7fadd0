import { StepError } from '../lib/errors.ts';
import { chooseMode, modeAnnotation } from '../lib/serving/mode.ts';
import { readRecord } from '../lib/serving/record.ts';
import { failureOf, type FailedRollout, type Rollout, type RolloutRecord } from '../lib/serving/rollouts.ts';
import {
  fieldManager,
  type InferenceService,
  pairOf,
  samePair,
  serviceRef,
  type ServingRuntime,
  specHashIn,
} from '../lib/serving/service.ts';
import { readService } from '../lib/serving/service-seen.ts';
import { applyService } from '../lib/serving/switch.ts';
import type { Applying } from './apply.ts';
import { type Change, diff } from './diff.ts';
import { checkEncodings, decideApply, servedName } from './plan.ts';
import { renewPods } from './renewal.ts';
import { type ApplyParams, renderRuntime, renderService } from './render.ts';
import { ensureRuntime } from './runtime.ts';

/** What a run would do, judged by the API server. */
export interface Plan {
  readonly live: InferenceService | undefined;
  readonly runtime: ServingRuntime;
  readonly wanted: Rollout;
  readonly changes: readonly Change[];
  /** The runtime is not there. */
  readonly missing: boolean;
  readonly decision: 'unchanged' | 'apply';
}

/** Reads everything, lets the API server judge the change, and decides. Writes nothing. */
export async function prepare(params: ApplyParams, { cluster, namespace, signal }: Applying): Promise<Plan> {
  const { service } = params;
  const live = await cluster.get<InferenceService>(serviceRef(namespace, service), signal);
  refuseStopped(live);
  const record = await readRecord(cluster, { namespace, service }, signal);
  const openApi = live?.status?.deploymentMode
    ? undefined
    : await cluster.openApi('apis/serving.kserve.io/v1beta1', signal);
  const runtime = renderRuntime(params, namespace);
  const mode = chooseMode(live, openApi);
  const wanted = renewPods(want(params, { namespace, runtime: runtime.metadata.name, mode }), record, live);
  const known = record && failureOf(record, wanted);
  if (known && !params.retryFailed) throw failedBefore(known, { record, live, params, namespace });
  const { missing } = await ensureRuntime(cluster, runtime, { dryRun: true, signal });
  const force = params.forceConflicts;
  const answer = await applyService(cluster, wanted.service, { dryRun: true, force, signal });
  refuseOtherEncodings(answer, runtime, params.encodingsBase);
  const changes = diff(live, answer);
  const decision = decideApply(record, wanted, missing || changes.length > 0);
  return { live, runtime, wanted, changes, missing, decision };
}

/** No revision would become ready, so none may be tried: it would only be rolled back. */
function refuseStopped(live: InferenceService | undefined): void {
  if (!live || !readService(live).stopped) return;
  const { name, namespace } = live.metadata;
  throw new StepError('refused', `${name} is stopped on purpose; nothing was touched`, {
    evidence: ['serving.kserve.io/stop: "true" (annotation of the InferenceService)'],
    hint: `oc annotate inferenceservice ${name} -n ${namespace} serving.kserve.io/stop-   (then start the run again)`,
  });
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
  encodingsBase: string,
): void {
  const wrong = checkEncodings(answer, runtime, encodingsBase);
  if (wrong === undefined) return;
  const { name, namespace } = answer.metadata;
  const proved = encodingsBase === '' ? 'that it is not needed' : `it for ${encodingsBase}`;
  throw new StepError('check', `the server would start with ${wrong}, and verify-tiktoken proved ${proved}`, {
    evidence: [`${wrong} (env of InferenceService ${name}, after a dry run)`],
    hint: `oc edit inferenceservice ${name} -n ${namespace}   (remove it from spec.predictor.model.env), then start the run again`,
  });
}

interface Around {
  readonly record: RolloutRecord;
  readonly live: InferenceService | undefined;
  readonly params: ApplyParams;
  readonly namespace: string;
}

/** Refused also where it is what runs, because the way back was cut short; then the way out is the one before. */
function failedBefore(failed: FailedRollout, around: Around): StepError {
  const { record, live, params, namespace } = around;
  const { service, revision, manifestDigest } = params;
  const { reason, run, path } = failed;
  const runs = asksFor(live, failed);
  return new StepError(
    'check',
    `${revision || manifestDigest || path} failed before and is not rolled out again by itself`,
    {
      evidence: [
        `${reason} in PipelineRun ${run} (ConfigMap ${service}-rollout, namespace ${namespace})`,
        ...(runs ? [`it is what ${service} asks for now: the way back was cut short`] : []),
      ],
      hint:
        runs && record.promoted
          ? wayBack(record.promoted, around)
          : 'start the run with retry-failed=true once you know why; another image or argument is another attempt anyway',
    },
  );
}

/** Same pair and same spec: where only resources or arguments failed, the pair is that of what was promoted. */
function asksFor(live: InferenceService | undefined, { specHash, ...pair }: FailedRollout): boolean {
  return samePair(pairOf(live), pair) && specHashIn(live) === specHash;
}

function wayBack({ revision, run }: Rollout, around: Around): string {
  if (revision === '') return restoreCommand(around);
  if (revision !== around.params.revision)
    return `start the Pipeline with revision=${revision} to go back to what was promoted`;
  return `tkn pipelinerun describe ${run}   (start the Pipeline with its parameters to go back to what was promoted)`;
}

/** What was adopted no Pipeline has made, so it is applied from the record; in the mode that KServe lets nobody change. */
function restoreCommand({ live, params: { service }, namespace }: Around): string {
  const mode = live?.status?.deploymentMode;
  const inMode = mode ? ` | .metadata.annotations["${modeAnnotation}"] = "${mode}"` : '';
  return [
    `oc get configmap ${service}-rollout -n ${namespace} -o jsonpath='{.data.promoted}'`,
    `jq '.service${inMode}'`,
    `oc apply --server-side --force-conflicts --field-manager=${fieldManager} -f -   (goes back to what was promoted)`,
  ].join(' | ');
}
