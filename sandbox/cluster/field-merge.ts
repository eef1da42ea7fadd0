import { type Part, partsOf } from './field-set.ts';
import type { Json } from './json.ts';
import type { Schema } from './schema.ts';

/** The live value with everything that the applied one says; what it does not mention stays. */
export function mergeFields(live: unknown, applied: unknown, schema: Schema): unknown {
  const liveParts = partsOf(live, schema);
  const appliedParts = partsOf(applied, schema);
  if (liveParts === undefined || appliedParts === undefined) return applied;
  if (Array.isArray(applied)) return mergeItems(liveParts, appliedParts);
  const merged: Json = { ...(live as Json) };
  for (const { step, value, schema: inner } of appliedParts) {
    const name = step.slice(2);
    merged[name] = Object.hasOwn(merged, name) ? mergeFields(merged[name], value, inner) : value;
  }
  return merged;
}

type Parts = readonly Part[];

/**
 * Items of both lists in an order that keeps the applied one, and of the others' items the places between, as structured-merge-diff
 * does: walk both, keep live items that the applied list does not have, and pass over shared ones whose turn it is not.
 */
function mergeItems(live: Parts, applied: Parts): unknown[] {
  const liveValues = new Map(live.map(({ step, value }) => [step, value]));
  const wanted = new Set(applied.map(({ step }) => step));
  const shared = applied.map(({ step }) => step).filter((step) => liveValues.has(step));
  const done = new Set<string>();
  const merged: unknown[] = [];
  const take = ({ step, value, schema }: Part) => {
    done.add(step);
    if (shared[0] === step) shared.shift();
    merged.push(liveValues.has(step) ? mergeFields(liveValues.get(step), value, schema) : value);
  };
  for (let l = 0, r = 0; l < live.length || r < applied.length;) {
    const action = choose(live[l]?.step, applied[r]?.step, { wanted, done, turn: shared[0] });
    const { left, right } = moves[action];
    const next = applied[r];
    if (action === 'keep') merged.push(live[l]?.value);
    if (right > 0 && next !== undefined) take(next);
    l += left;
    r += right;
  }
  return merged;
}

const moves = {
  keep: { left: 1, right: 0 },
  pass: { left: 1, right: 0 },
  take: { left: 0, right: 1 },
  'take both': { left: 1, right: 1 },
} as const;

interface Progress {
  readonly wanted: ReadonlySet<string>;
  readonly done: ReadonlySet<string>;
  /** The shared item that comes next in the applied order. */
  readonly turn: string | undefined;
}

function choose(mine: string | undefined, next: string | undefined, { wanted, done, turn }: Progress) {
  if (mine === undefined) return 'take';
  if (mine === next) return 'take both';
  if (!wanted.has(mine)) return 'keep';
  return done.has(mine) || (next !== undefined && turn !== undefined && turn !== mine) ? 'pass' : 'take';
}
