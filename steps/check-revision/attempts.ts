import { isOutside, type stateOf } from '../lib/serving/pipeline-runs.ts';

/** A run that the listener has started for one commit. */
export interface Attempt {
  readonly run: string;
  readonly state: ReturnType<typeof stateOf>;
  /** Milliseconds since the epoch; undefined while it runs. */
  readonly endedAt: number | undefined;
  /** Of each task that failed its result `outcome`; undefined of one that could not even say so. */
  readonly failures: readonly (string | undefined)[];
}

/** Which attempt to ask for, from 1; or why none. */
export type NextAttempt = { readonly attempt: number } | { readonly because: string };

const mostAttempts = 4;
const firstWaitMs = 10 * 60_000;

/**
 * Of a commit that is not promoted. A run that something outside has ended is started again, each time after twice the wait,
 * and so is one that succeeded: another commit has taken its place since, or was there before it. One that found something
 * wrong is not: it would find it again. Unless it is `unsettled`, still the candidate of the record: then its end was lost,
 * what it found wrong is live, and another run goes back from it.
 */
export function nextAttempt(attempts: readonly Attempt[], now: number, unsettled = false): NextAttempt {
  const last = attempts.toSorted((a, b) => endOf(a) - endOf(b)).at(-1);
  if (!last) return { attempt: 1 };
  if (last.state === 'running') return { because: `PipelineRun ${last.run} is under way` };
  if (last.state === 'stopped') return { because: `PipelineRun ${last.run} was stopped by a person` };
  const lasting = last.failures.find((outcome) => outcome !== undefined && !mayPass(outcome));
  if (lasting !== undefined && !unsettled)
    return { because: `PipelineRun ${last.run} ended with ${lasting}` };
  const made = countOf(attempts);
  if (made >= mostAttempts)
    return {
      because: `${made} runs ${last.state === 'succeeded' ? 'were made' : 'have failed'}, the last is ${last.run}`,
    };
  const waitMs = firstWaitMs * 2 ** (made - 1);
  if (now - (last.endedAt ?? now) < waitMs)
    return {
      because: `PipelineRun ${last.run} has ${last.state}; ${waitMs / 60_000} minutes later comes another`,
    };
  return { attempt: made + 1 };
}

/** A pruner takes the oldest runs first; the names of those that are left say which attempts they were. */
function countOf(attempts: readonly Attempt[]): number {
  const numbers = attempts.map(({ run }) => Number(/-(\d)$/.exec(run)?.[1] ?? 1));
  return Math.max(attempts.length, ...numbers);
}

function endOf({ endedAt = Number.MAX_SAFE_INTEGER }: Attempt): number {
  return endedAt;
}

/** What is around the run, or a lock that another one held: a model that was not ready in time is in the record. */
function mayPass(outcome: string): boolean {
  return isOutside(outcome) || outcome.startsWith('not-ready: ');
}
