import type { Snapshot } from './observe.ts';
import { findProblems, type Graces, type Problem } from './problems.ts';
import { type Progress, progressOf } from './progress.ts';
import { present } from './present.ts';
import { type Pair, samePair } from './service.ts';
import type { Target } from './target.ts';

/** What is remembered from one look to the next. */
export interface Memory {
  /** Since when each problem has been there without a break; milliseconds. */
  readonly since: Readonly<Record<string, number>>;
  /** Whether the service was seen asking for the wanted pair. */
  readonly seen: boolean;
  /** Pods that had ended for good at the first look: a ReplicaSet that comes back still has those of its first time. */
  readonly lostBefore?: readonly string[];
}

export const noMemory: Memory = { since: {}, seen: false };

export type Verdict =
  | { readonly kind: 'waiting'; readonly progress: Progress; readonly problem?: Problem }
  | { readonly kind: 'ready'; readonly pod: string; readonly url: string }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'superseded'; readonly by: string }
  | { readonly kind: 'changed'; readonly how: string; readonly by?: string };

interface Rules {
  readonly target: Target;
  readonly graces: Graces;
  readonly now: number;
  /** Whether a run that wants the lock ends ours. */
  readonly makeWay: boolean;
}

/** One look at a roll-out: `memory` and the snapshot taken at `now` give the verdict and the next memory. */
export function judge(
  memory: Memory,
  snapshot: Snapshot,
  { target, graces, now, makeWay }: Rules,
): { readonly verdict: Verdict; readonly memory: Memory } {
  const displaced = findDisplacement(snapshot, target, { memory, makeWay });
  if (displaced) return { verdict: displaced, memory };
  const progress = progressOf(snapshot);
  const lostBefore = memory.lostBefore ?? lostIn(snapshot);
  const ours = { ...snapshot, pods: snapshot.pods.filter(({ name }) => !lostBefore.includes(name)) };
  const problems = progress.phase === 'ready' ? [] : findProblems(ours, target, graces);
  const since = Object.fromEntries(
    problems.map((problem) => [keyOf(problem), memory.since[keyOf(problem)] ?? now]),
  );
  const next: Memory = { since, seen: memory.seen || snapshot.service !== undefined, lostBefore };
  const over = problems.find((problem) => now - (since[keyOf(problem)] ?? now) >= problem.graceMs);
  if (over) return { verdict: { kind: 'failed', problem: over }, memory: next };
  const { url } = snapshot.service ?? {};
  if (progress.phase === 'ready' && progress.pod !== undefined && url !== undefined) {
    return { verdict: { kind: 'ready', pod: progress.pod, url }, memory: next };
  }
  const problem = problems.find((each) => isTold(each, now - (since[keyOf(each)] ?? now)));
  return { verdict: { kind: 'waiting', progress, ...(problem && { problem }) }, memory: next };
}

/** Time in which nobody could look counts against no grace. */
export function pause(memory: Memory, ms: number): Memory {
  const since = Object.entries(memory.since).map(([key, at]) => [key, at + ms] as const);
  return { ...memory, since: Object.fromEntries(since) };
}

function lostIn({ pods, oldPods }: Snapshot): string[] {
  return [...pods, ...oldPods].filter(({ phase }) => phase === 'Failed').map(({ name }) => name);
}

/** What passes by itself in the next moment is not worth a line; a crash is. */
function isTold({ graceMs }: Problem, lastedMs: number): boolean {
  return graceMs === Infinity || lastedMs >= 10_000;
}

function keyOf({ code, about = '' }: Problem): string {
  return `${code} ${about}`;
}

/** Another run that takes over, or anybody who changed the service under us. */
function findDisplacement(
  snapshot: Snapshot,
  target: Target,
  { memory, makeWay }: { readonly memory: Memory; readonly makeWay: boolean },
): Verdict | undefined {
  const { service, candidate, wantedBy } = snapshot;
  if (makeWay && wantedBy !== undefined) return { kind: 'superseded', by: wantedBy };
  if (!service || service.leaving) {
    const how = memory.seen || service ? 'it was deleted' : 'there is no such InferenceService';
    return { kind: 'changed', how };
  }
  if (samePair(service.pair, target)) return undefined;
  if (makeWay && samePair(service.pair, candidate)) return { kind: 'superseded', by: 'another roll-out' };
  return { kind: 'changed', how: describePair(service.pair), ...present({ by: service.writer }) };
}

function describePair(pair: Pair | undefined): string {
  return pair
    ? `it now asks for runtime ${pair.runtime} and path ${pair.path}`
    : 'it asks for no runtime with a path';
}
