import { type FieldSet, type Part, partsOf, type Path } from './field-set.ts';
import { isObject, type Json } from './json.ts';
import type { Schema } from './schema.ts';

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

function remove(value: unknown, schema: Schema, removal: Removal): unknown {
  const { path, depth, isHeld } = removal;
  const parts = partsOf(value, schema);
  const part = parts?.find(({ step }) => step === path[depth]);
  if (parts === undefined || part === undefined || isHeld(path)) return value;
  if (depth === path.length - 1) return drop(value, parts, part);
  const inner = remove(part.value, part.schema, { ...removal, depth: depth + 1 });
  const emptied = isEmpty(inner) && !isEmpty(part.value);
  if (!emptied) return put(value, parts, part, inner);
  // What is left empty and is still owned becomes null, here as there.
  return isHeld(path.slice(0, depth + 1)) ? put(value, parts, part, null) : drop(value, parts, part);
}

function drop(value: unknown, parts: readonly Part[], part: Part): unknown {
  if (Array.isArray(value)) return parts.filter((other) => other !== part).map((other) => other.value);
  const { [part.step.slice(2)]: _, ...rest } = value as Json;
  return rest;
}

function put(value: unknown, parts: readonly Part[], part: Part, inner: unknown): unknown {
  if (Array.isArray(value)) return parts.map((other) => (other === part ? inner : other.value));
  return { ...(value as Json), [part.step.slice(2)]: inner };
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
