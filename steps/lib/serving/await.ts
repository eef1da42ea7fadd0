import type { Cluster } from '../cluster.ts';
import { StepError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../retry.ts';
import { judge, noMemory, pause, type Verdict } from './judge.ts';
import { observe, type Snapshot } from './observe.ts';
import type { Graces, Problem } from './problems.ts';
import type { Target } from './target.ts';

export interface Patience {
  readonly timeoutMs: number;
  readonly pollMs: number;
  readonly graces: Graces;
  /** How long the API server may be away. */
  readonly outageMs?: number;
  /** False ignores runs that want the lock: on the way back nobody is made way for. */
  readonly makeWay?: boolean;
}

interface Surroundings {
  readonly cluster: Cluster;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  readonly random?: () => number;
}

type Waiting = Extract<Verdict, { kind: 'waiting' }>;
export type Arrival = Extract<Verdict, { kind: 'ready' | 'superseded' }>;

/** A line at least this often, so that a quiet log is not taken for a dead one. */
const heartbeatMs = 60_000;

/** What a look may take that is begun at the last moment. */
const leastLookMs = 1_000;

/** What is longer between two looks was an outage, whether a look failed of it or outlasted it: nobody saw anything then. */
const longLookMs = 20_000;

/** Looks until the new revision is ready, cannot become so, or the time is over. Prints a line when something changes. */
export async function awaitRollout(
  target: Target,
  patience: Patience,
  { cluster, log, clock, signal, random = Math.random }: Surroundings,
): Promise<Arrival> {
  const started = clock.now();
  const voice = createVoice(log, clock);
  const look = createLook(cluster, target, { log, clock, outageMs: patience.outageMs ?? 600_000 });
  const makeWay = patience.makeWay ?? true;
  let memory = noMemory;
  let lookedAt = started;
  for (;;) {
    let seen: Waiting | undefined;
    const left = patience.timeoutMs - (clock.now() - started);
    const snapshot = await look(leastLookMs + Math.ceil(Math.max(0, left)), signal);
    if (snapshot) {
      memory = pause(memory, Math.max(0, clock.now() - lookedAt - patience.pollMs - longLookMs));
      lookedAt = clock.now();
      const judged = judge(memory, snapshot, { target, graces: patience.graces, now: clock.now(), makeWay });
      const { verdict } = judged;
      memory = judged.memory;
      if (verdict.kind === 'ready' || verdict.kind === 'superseded') return verdict;
      if (verdict.kind === 'changed') throw changed(target, verdict);
      if (verdict.kind === 'failed') throw failed(verdict.problem);
      voice(verdict);
      seen = verdict;
    }
    if (clock.now() - started >= patience.timeoutMs) throw tooLate(target, patience, seen);
    await clock.sleep(patience.pollMs * (0.8 + 0.4 * random()), signal);
  }
}

/**
 * The snapshot; undefined while the API server is away, for a while (its own update takes minutes on one node), and when the
 * look took longer than it may: a server that never answered is asked for a minute.
 */
function createLook(
  cluster: Cluster,
  target: Target,
  { log, clock, outageMs }: { readonly log: Log; readonly clock: Clock; readonly outageMs: number },
): (mostMs: number, signal?: AbortSignal) => Promise<Snapshot | undefined> {
  let awaySince: number | undefined;
  return async (mostMs, signal) => {
    const late = AbortSignal.timeout(mostMs);
    try {
      const snapshot = await observe(cluster, target, signal ? AbortSignal.any([signal, late]) : late);
      if (awaySince !== undefined) {
        log.info('the API server is back', { after: seconds(clock.now() - awaySince) });
      }
      awaySince = undefined;
      return snapshot;
    } catch (error) {
      if (late.aborted && !signal?.aborted) return undefined;
      if (!(error instanceof StepError) || error.failure !== 'unavailable') throw error;
      if (awaySince === undefined) log.warn('cannot look; waiting on', { because: error.message });
      awaySince ??= clock.now();
      if (clock.now() - awaySince >= outageMs) throw error;
      return undefined;
    }
  };
}

function createVoice(log: Log, clock: Clock): (verdict: Waiting) => void {
  const started = clock.now();
  let last = '';
  let spokenAt = 0;
  return ({ progress, problem }) => {
    const line = problem ? `${progress.line}; ${problem.code}: ${problem.headline}` : progress.line;
    if (line === last && clock.now() - spokenAt < heartbeatMs) return;
    log.info(line === last ? `still ${line}` : line, {
      pod: progress.pod,
      after: seconds(clock.now() - started),
    });
    last = line;
    spokenAt = clock.now();
  };
}

function failed({ code, headline, evidence, hint, failure }: Problem): StepError {
  return new StepError(failure ?? 'check', `${code}: ${headline}`, { evidence: [...evidence], hint });
}

function changed(
  { service, namespace }: Target,
  { how, by }: Extract<Verdict, { kind: 'changed' }>,
): StepError {
  return new StepError('check', `LD173 CHANGED: ${service} was changed while we waited: ${how}`, {
    evidence: [`last written by ${by ?? 'someone unknown'} (managedFields of the InferenceService)`],
    hint: `oc get inferenceservice ${service} -n ${namespace} -o yaml --show-managed-fields`,
  });
}

function tooLate(target: Target, patience: Patience, verdict?: Waiting): StepError {
  const { progress, problem } = verdict ?? {};
  const waitedFor = progress?.line ?? 'the API server to answer';
  const late = `${target.service} is not ready after ${seconds(patience.timeoutMs)}: ${waitedFor}`;
  if (problem) {
    const evidence = [problem.headline, ...problem.evidence];
    const headline = `${problem.code}: ${late}`;
    return new StepError(problem.failure ?? 'not-ready', headline, { evidence, hint: problem.hint });
  }
  const slow = progress?.phase === 'downloading' ? 'LD160 SLOW: ' : '';
  return new StepError('not-ready', `${slow}${late}`, {
    evidence: [`${waitedFor} (pod ${progress?.pod ?? 'none yet'})`],
    hint: hintFor(target, patience, verdict),
  });
}

function hintFor({ service, namespace }: Target, { makeWay }: Patience, verdict?: Waiting): string {
  if (!verdict) return "oc get --raw '/readyz?verbose'; what it said to us stands in the log";
  // What is gone back to was promoted, and does not count as failed.
  const again = makeWay === false ? '' : ' and set retry-failed=true, for this revision counts as failed now';
  return `if this is only slow, raise timeout (ready-timeout of the Pipeline)${again}; else: oc get pods -n ${namespace} -l serving.kserve.io/inferenceservice=${service}`;
}

function seconds(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 120 ? `${s}s` : `${Math.floor(s / 60)}m${String(s % 60).padStart(2, '0')}s`;
}
