import { type FieldSet, type Part, partsOf, type Path } from './field-set.ts';
import { isObject, type Json } from './json.ts';
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
 * does: walk both, take live items that the applied list does not have, and pass over shared ones whose turn it is not.
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
  const [left, right] = [[...live], [...applied]];
  while (left.length > 0 || right.length > 0) {
    const [mine] = left;
    const [next] = right;
    const action =
      mine === undefined ? 'take' : choose(mine.step, next?.step, { wanted, done, turn: shared[0] });
    if (action !== 'take') left.shift();
    if (action === 'keep' && mine !== undefined) merged.push(mine.value);
    if ((action === 'take' || action === 'take both') && next !== undefined) take(next);
    if (action === 'take' || action === 'take both') right.shift();
  }
  return merged;
}

interface Progress {
  readonly wanted: ReadonlySet<string>;
  readonly done: ReadonlySet<string>;
  /** The shared item that comes next in the applied order. */
  readonly turn: string | undefined;
}

function choose(mine: string, next: string | undefined, { wanted, done, turn }: Progress) {
  if (mine === next) return 'take both';
  if (!wanted.has(mine)) return 'keep';
  if (done.has(mine) || (next !== undefined && turn !== undefined && turn !== mine)) return 'pass';
  return 'take';
}

/**
 * The value without these fields, except what `kept` holds; containers that become empty by it go too. A field is held by whoever owns
 * something in it, an item of a list only by who owns the item itself: its owner takes along what others wrote into it.
 */
export function removeFields(value: unknown, schema: Schema, fields: FieldSet, kept: FieldSet): unknown {
  const keptPaths = [...kept.values()];
  const isHeld = (path: Path) =>
    keptPaths.some(
      (held) =>
        (path.at(-1)?.startsWith('f:') ? held.length >= path.length : held.length === path.length) &&
        path.every((step, i) => held[i] === step),
    );
  return [...fields.values()]
    .filter((path) => !isKeyOfItem(path))
    .sort((a, b) => a.length - b.length)
    .reduce((rest, path) => remove(rest, schema, { path, depth: 0, isHeld }), value);
}

/** An item goes as a whole or keeps the fields that it is found by. */
function isKeyOfItem(path: Path): boolean {
  const item = path.at(-2) ?? '';
  return item.startsWith('k:') && (path.at(-1) ?? '').slice(2) in (JSON.parse(item.slice(2)) as Json);
}

interface Removal {
  readonly path: Path;
  readonly depth: number;
  readonly isHeld: (path: Path) => boolean;
}

function remove(value: unknown, schema: Schema, { path, depth, isHeld }: Removal): unknown {
  const parts = partsOf(value, schema);
  const part = parts?.find(({ step }) => step === path[depth]);
  if (parts === undefined || part === undefined || isHeld(path)) return value;
  const last = depth === path.length - 1;
  const inner = last ? undefined : remove(part.value, part.schema, { path, depth: depth + 1, isHeld });
  const gone = last || (isEmpty(inner) && !isEmpty(part.value) && !isHeld(path.slice(0, depth + 1)));
  if (Array.isArray(value)) {
    return parts.flatMap((other) => (other === part ? (gone ? [] : [inner]) : [other.value]));
  }
  const { [part.step.slice(2)]: _, ...rest } = value as Json;
  // What is left empty and is still owned becomes null, here as there.
  const left = isEmpty(inner) && !isEmpty(part.value) ? null : inner;
  return gone ? rest : { ...(value as Json), [part.step.slice(2)]: left };
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
