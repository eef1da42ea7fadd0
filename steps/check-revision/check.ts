import { messageOf, StepError } from '../lib/errors.ts';
import type { Hub } from '../lib/hub.ts';
import type { Log } from '../lib/log.ts';
import { type Clock, retry } from '../lib/retry.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import { type Attempt, type NextAttempt, nextAttempt } from './attempts.ts';
import { describePush, knownAs, type KnownRevisions } from './plan.ts';
import type { spec } from './spec.ts';

interface CheckWorld {
  readonly hub: Pick<Hub, 'resolveRevision'>;
  readonly readRecord: () => Promise<KnownRevisions | undefined>;
  readonly readAttempts: (commit: string) => Promise<readonly Attempt[]>;
  readonly fetch: typeof fetch;
  readonly webhookSecret: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Tells the listener of a commit that no roll-out has dealt with, and again when its run has failed by what may pass. Ends
 * well only when a run comes of it.
 */
export async function checkRevision(
  params: ParamsOf<typeof spec>,
  world: CheckWorld,
): Promise<ResultsOf<typeof spec>> {
  const { hub, log, signal } = world;
  refuseShort(world.webhookSecret);
  const { commit } = await hub.resolveRevision(params.model, params.branch, signal);
  const { next, attempts } = await decide(commit, world);
  if ('because' in next) {
    log.info('nothing new', { model: params.model, revision: commit, because: next.because });
    return { revision: commit, posted: 'false', outcome: 'unchanged' };
  }
  const { attempt } = next;
  const push = JSON.stringify(describePush(params.model, params.branch, commit, attempt));
  await retry(() => post(push, params.listener, world), {
    attempts: 5,
    signal,
    clock: world.clock,
    retryable: (error) => error instanceof StepError && error.failure === 'unavailable',
    onRetry: (error, waitMs) => log.warn('listener not reached', { error: String(error), 'wait-ms': waitMs }),
  });
  log.info('told the listener', {
    model: params.model,
    revision: commit,
    attempt,
    listener: params.listener,
  });
  const run = await awaitRun(commit, attempts, world);
  log.info('a run has begun', { run });
  return { revision: commit, posted: 'true', outcome: 'ok' };
}

/** The listener's own filter lets nobody in with a shorter one, and answers 202 all the same. */
function refuseShort(webhookSecret: string): void {
  if (webhookSecret.length >= 16) return;
  throw new StepError('usage', 'the secret of the webhook is too short for the EventListener', {
    evidence: [`${webhookSecret.length} characters, at least 16 are wanted (Secret of --webhook-secret-dir)`],
    hint: 'oc set data secret/llm-rollout-webhook -n <namespace> --from-literal=secret="$(head -c 24 /dev/urandom | base64)"   (and set the same in the Hub\'s webhook)',
  });
}

async function decide(
  commit: string,
  { readRecord, readAttempts, clock }: CheckWorld,
): Promise<{ readonly next: NextAttempt; readonly attempts: readonly Attempt[] }> {
  const record = await readRecord();
  const known = knownAs(commit, record);
  if (known !== undefined) return { next: { because: known }, attempts: [] };
  const attempts = await readAttempts(commit);
  // A first one is kept, having nothing to go back to; the candidate of a run that is not among these is of a person, who may be at work.
  const unsettled =
    record?.promoted !== undefined && attempts.some(({ run }) => run === record.candidate?.run);
  return { next: nextAttempt(attempts, clock.now(), unsettled), attempts };
}

const runWithinMs = 30_000;
const lookEveryMs = 2_000;

/** The listener says 202 whatever it then does: what became of it is seen in the runs. */
async function awaitRun(
  commit: string,
  before: readonly Attempt[],
  { readAttempts, clock, signal }: CheckWorld,
): Promise<string> {
  const known = new Set(before.map(({ run }) => run));
  const deadline = clock.now() + runWithinMs;
  for (;;) {
    const begun = (await readAttempts(commit)).find(({ run }) => !known.has(run));
    if (begun) return begun.run;
    if (clock.now() >= deadline) throw withoutRun(commit);
    await clock.sleep(lookEveryMs, signal);
  }
}

function withoutRun(commit: string): StepError {
  return new StepError('check', 'the EventListener took the event and started no run', {
    evidence: [
      `no new PipelineRun with the label llm-rollout/revision=${commit} within ${runWithinMs / 1_000} s of its 202`,
      'it filters by the secret, the model and the branch, and its account must be allowed to create the run',
    ],
    hint: 'oc logs -l eventlistener=llm-rollout -n <namespace> --tail=50   (of a filter: oc logs deploy/tekton-triggers-core-interceptors -n openshift-pipelines)',
  });
}

async function post(
  push: string,
  listener: string,
  { fetch, webhookSecret, signal }: CheckWorld,
): Promise<void> {
  const hint = `oc get eventlistener,service -n <namespace>   (is ${listener} its address?)`;
  let response: Response;
  try {
    response = await fetch(listener, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-webhook-secret': webhookSecret },
      body: push,
      signal: AbortSignal.any([signal, AbortSignal.timeout(15_000)]),
    });
  } catch (error) {
    const evidence = [`${messageOf(error)} (POST ${listener})`];
    throw new StepError('unavailable', 'the EventListener does not answer', { evidence, hint, cause: error });
  }
  await response.body?.cancel();
  if (response.status === 202) return;
  const failure = response.status >= 500 ? 'unavailable' : 'refused';
  throw new StepError(failure, `the EventListener answered ${response.status} instead of 202`, {
    evidence: [`HTTP ${response.status} (POST ${listener})`],
    hint,
  });
}
