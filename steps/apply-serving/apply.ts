import type { Cluster } from '../lib/cluster.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/retry.ts';
import { freeLock, takeLock } from '../lib/serving/lock.ts';
import { chooseMode } from '../lib/serving/mode.ts';
import { readRecord, updateRecord } from '../lib/serving/record.ts';
import { failureOf, type Rollout, type RolloutRecord, withCandidate } from '../lib/serving/rollouts.ts';
import {
  fieldManager,
  type InferenceService,
  pairOf,
  runtimeRef,
  serviceRef,
  type ServingRuntime,
} from '../lib/serving/service.ts';
import { applyService } from '../lib/serving/switch.ts';
import type { ResultsOf } from '../lib/step.ts';
import { adopt } from './adopt.ts';
import { diff, formatChange } from './diff.ts';
import { checkEncodings, checkParams, covers, decideApply, servedName } from './plan.ts';
import { type ApplyParams, renderRuntime, renderService } from './render.ts';
import type { spec } from './spec.ts';
import { awaitStorageKey } from './storage-config.ts';

export interface Applying {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly timings?: { readonly pollMs: number };
}

type Results = ResultsOf<typeof spec>;

/** Switches the service to the staged revision, remembers what it was, and touches nothing when nothing differs. */
export async function applyServing(params: ApplyParams, context: Applying): Promise<Results> {
  refuseWrongParams(params);
  const first = await prepare(params, context);
  tell(first, context.log);
  if (first.decision === 'unchanged') return finish(first.wanted, 'unchanged');
  if (params.dryRun) {
    context.log.info('dry run: nothing was written');
    return finish(first.wanted, 'unchanged');
  }
  const { cluster, namespace, log, clock, signal } = context;
  const waiting = { log, clock, signal, pollMs: context.timings?.pollMs ?? 5_000 };
  if (params.storageConfig === 'wait') {
    await awaitStorageKey(
      cluster,
      { namespace, key: params.storageKey },
      { ...waiting, timeoutMs: params.storageTimeout },
    );
  }
  const lock = { namespace, service: params.service, run: params.pipelineRun };
  const { concurrency, lockTimeout: timeoutMs } = params;
  if ((await takeLock(cluster, lock, { ...waiting, concurrency, timeoutMs })) === 'superseded') {
    log.info('a newer roll-out takes the place of this one');
    return finish(first.wanted, 'superseded');
  }
  // Whoever held the lock before us may have changed everything.
  const plan = await prepare(params, context);
  if (plan.decision === 'unchanged') {
    await freeLock(cluster, lock, signal);
    return finish(plan.wanted, 'unchanged');
  }
  await carryOut(plan, params, context);
  return finish(plan.wanted, 'ok');
}

interface Plan {
  readonly live: InferenceService | undefined;
  readonly record: RolloutRecord | undefined;
  readonly runtime: ServingRuntime;
  readonly wanted: Rollout;
  /** What the API server would make of it. */
  readonly answer: InferenceService;
  readonly decision: 'unchanged' | 'apply';
}

/** Reads everything, lets the API server judge the change, and decides. Writes nothing. */
async function prepare(params: ApplyParams, { cluster, namespace, signal }: Applying): Promise<Plan> {
  const { service } = params;
  const live = await cluster.get<InferenceService>(serviceRef(namespace, service), signal);
  const record = await readRecord(cluster, { namespace, service }, signal);
  const openApi = live?.status?.deploymentMode
    ? undefined
    : await cluster.openApi('apis/serving.kserve.io/v1beta1', signal);
  const runtime = renderRuntime(params, namespace);
  const wanted = want(params, { namespace, runtime: runtime.metadata.name, mode: chooseMode(live, openApi) });
  const known = record && failureOf(record, wanted);
  if (known && !params.retryFailed) throw failedBefore(params, namespace, known);
  await ensureRuntime(cluster, runtime, { dryRun: true, signal });
  const force = params.forceConflicts;
  const answer = await applyService(cluster, wanted.service, { dryRun: true, force, signal });
  refuseOtherEncodings(answer, runtime, params);
  const differs = diff(live, answer).length > 0;
  return { live, record, runtime, wanted, answer, decision: decideApply(record, wanted, differs) };
}

function want(
  params: ApplyParams,
  place: { readonly namespace: string; readonly runtime: string; readonly mode: string },
): Rollout {
  const { service, specHash } = renderService(params, place);
  return {
    runtime: place.runtime,
    path: params.prefix,
    specHash,
    manifestDigest: params.manifestDigest,
    model: params.model,
    revision: params.revision,
    servedName: servedName(params.args, params.service),
    run: params.pipelineRun,
    service,
  };
}

/** The candidate is remembered first: a run that dies in between leaves a trace of what it was about to do. */
async function carryOut(
  { live, runtime, wanted }: Plan,
  params: ApplyParams,
  { cluster, namespace, log, signal }: Applying,
): Promise<void> {
  const place = { namespace, service: params.service };
  const adopted = adopt(live);
  await updateRecord(cluster, place, (record) => withCandidate(record, wanted, adopted), signal);
  await ensureRuntime(cluster, runtime, { signal });
  const applied = await applyService(cluster, wanted.service, { force: params.forceConflicts, signal });
  const { runtime: name, path } = wanted;
  log.info('applied', {
    service: params.service,
    runtime: name,
    path,
    generation: applied.metadata.generation,
  });
  if (pairOf(applied)?.runtime === name && pairOf(applied)?.path === path) return;
  throw new StepError('check', `the API server took the change and made something else of it`, {
    evidence: [
      `${JSON.stringify(pairOf(applied))}, asked for ${JSON.stringify({ runtime: name, path })} (answer to the apply)`,
    ],
    hint: `oc get mutatingwebhookconfigurations   (one of them rewrites InferenceServices)`,
  });
}

/** Makes the runtime when it is not there. One of that name with another spec was edited by hand. */
async function ensureRuntime(
  cluster: Cluster,
  runtime: ServingRuntime,
  options: { readonly dryRun?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { name, namespace = '' } = runtime.metadata;
  const live = await cluster.get<ServingRuntime>(runtimeRef(namespace, name), options.signal);
  if (!live) {
    await cluster.apply(runtime, { ...options, fieldManager });
    return;
  }
  if (covers(live.spec, runtime.spec)) return;
  throw new StepError('check', `the ServingRuntime ${name} was edited; its name is the hash of what it was`, {
    evidence: diff(live.spec, runtime.spec).map(
      (change) => `spec.${formatChange(change).slice(2)} (live → rendered)`,
    ),
    hint: `oc delete servingruntime ${name} -n ${namespace}   (it is made anew; give the edit as a parameter instead)`,
  });
}

function tell({ live, answer, decision, wanted }: Plan, log: Log): void {
  const changes = diff(live, answer);
  const { runtime, path, specHash } = wanted;
  log.info(decision === 'unchanged' ? 'already rolled out' : 'to apply', {
    runtime,
    path,
    'spec-hash': specHash,
  });
  for (const change of changes) log.info(`  ${formatChange(change)}`);
}

function finish(
  { runtime, path, specHash, servedName: name }: Rollout,
  outcome: Results['outcome'],
): Results {
  return { runtime, path, specHash, servedName: name, outcome };
}

function refuseWrongParams(params: ApplyParams): void {
  const problems = checkParams(params);
  if (problems.length === 0) return;
  throw new StepError(
    'usage',
    `${problems.length === 1 ? 'a parameter is' : 'parameters are'} wrong; nothing was touched`,
    {
      evidence: problems,
      hint: 'tkn task describe apply-serving   (what each parameter may be)',
    },
  );
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
    evidence: [`${wrong} (env of ${service} after a dry run)`],
    hint: `oc edit inferenceservice ${service}   (remove TIKTOKEN_ENCODINGS_BASE from spec.predictor.model.env), then start the run again`,
  });
}

function failedBefore(
  { service, revision, manifestDigest }: ApplyParams,
  namespace: string,
  known: { readonly run: string; readonly reason: string },
): StepError {
  const what = revision || manifestDigest || 'this revision';
  return new StepError('check', `${what} failed before and was not rolled out again`, {
    evidence: [
      `${known.reason} in PipelineRun ${known.run} (ConfigMap ${service}-rollout, namespace ${namespace})`,
    ],
    hint: 'start the run with retry-failed=true once you know why it failed, or change the runtime: another spec is another attempt',
  });
}
