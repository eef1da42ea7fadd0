import { type FieldSet, partsOf, type Path } from './field-set.ts';
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

type Parts = NonNullable<ReturnType<typeof partsOf>>;

/** In the order of the applied list; items of others stay where they were, as far as that goes. */
function mergeItems(live: Parts, applied: Parts): unknown[] {
  const liveSteps = new Map(live.map((part) => [part.step, part.value]));
  const appliedSteps = new Set(applied.map(({ step }) => step));
  const others = [...live];
  const merged: unknown[] = [];
  for (const { step, value, schema } of applied) {
    while (others[0] !== undefined && !appliedSteps.has(others[0].step)) merged.push(others.shift()?.value);
    if (others[0]?.step === step) others.shift();
    merged.push(liveSteps.has(step) ? mergeFields(liveSteps.get(step), value, schema) : value);
  }
  return [...merged, ...others.filter(({ step }) => !appliedSteps.has(step)).map(({ value }) => value)];
}

/** The value without these fields, except what holds a field of `kept`; containers that become empty by it go too. */
export function removeFields(value: unknown, schema: Schema, fields: FieldSet, kept: FieldSet): unknown {
  const keptPaths = [...kept.values()];
  const isHeld = (path: Path) =>
    keptPaths.some((held) => held.length >= path.length && path.every((step, i) => held[i] === step));
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
  return gone ? rest : { ...(value as Json), [part.step.slice(2)]: inner };
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
