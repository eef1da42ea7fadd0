import { type FieldSet, type Path, partsOf, setOfPaths } from './field-set.ts';
import { same } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Schema } from './schema.ts';

export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Which fields differ between two objects of one kind. */
export function compareFields(
  before: unknown,
  after: unknown,
  { schema, custom }: ComparedKind,
): FieldChanges {
  const found: Found = { added: [], modified: [], removed: [], custom };
  walk(before, after, { schema, path: [] }, found);
  return {
    added: setOfPaths(found.added),
    modified: setOfPaths(found.modified),
    removed: setOfPaths(found.removed),
  };
}

export type ComparedKind = Pick<Kind, 'schema' | 'custom'>;

interface Found {
  readonly added: Path[];
  readonly modified: Path[];
  readonly removed: Path[];
  readonly custom: boolean;
}

interface Place {
  readonly schema: Schema;
  readonly path: Path;
}

function walk(before: unknown, after: unknown, { schema, path }: Place, found: Found): void {
  // A null where a container was has lost the parts, no more.
  const beforeParts = before === null ? [] : partsOf(before, schema);
  const afterParts = after === null ? [] : partsOf(after, schema);
  if (beforeParts === undefined || afterParts === undefined) {
    if (!same(before, after)) found.modified.push(path);
    return;
  }
  const old = new Map(beforeParts.map((part) => [part.step, part]));
  const now = new Map(afterParts.map((part) => [part.step, part]));
  for (const [step, part] of now) {
    const was = old.get(step);
    const inner = { schema: part.schema, path: [...path, step] };
    if (was === undefined) found.added.push(...everything(part.value, inner, found.custom));
    else walk(was.value, part.value, inner, found);
  }
  for (const [step, part] of old) {
    const inner = { schema: part.schema, path: [...path, step] };
    if (!now.has(step)) found.removed.push(...everything(part.value, inner, found.custom));
  }
}

/** A new or lost part with all that is in it. Containers count too; Go's structs, in built-in kinds, are always there and do not. */
function everything(value: unknown, { schema, path }: Place, custom: boolean): Path[] {
  const parts = partsOf(value, schema) ?? [];
  const counts = custom || schema.type !== 'object' || parts.length === 0 || path.at(-1)?.startsWith('k:');
  const below = parts.flatMap((part) =>
    everything(part.value, { schema: part.schema, path: [...path, part.step] }, custom),
  );
  return counts ? [path, ...below] : below;
}
