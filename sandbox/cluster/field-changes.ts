import { partsOf, type Path, setOfPaths, type FieldSet, fieldsOf } from './field-set.ts';
import { same } from './json.ts';
import type { Schema } from './schema.ts';

export interface FieldChanges {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Which fields differ between two values of one schema. */
export function compareFields(before: unknown, after: unknown, schema: Schema): FieldChanges {
  const found = { added: [] as Path[], modified: [] as Path[], removed: [] as Path[] };
  walk(before, after, { schema, path: [] }, found);
  return {
    added: setOfPaths(found.added),
    modified: setOfPaths(found.modified),
    removed: setOfPaths(found.removed),
  };
}

interface Found {
  readonly added: Path[];
  readonly modified: Path[];
  readonly removed: Path[];
}

function walk(
  before: unknown,
  after: unknown,
  { schema, path }: { schema: Schema; path: Path },
  found: Found,
): void {
  const beforeParts = partsOf(before, schema);
  const afterParts = partsOf(after, schema);
  if (beforeParts === undefined || afterParts === undefined) {
    if (!same(before, after)) found.modified.push(path);
    return;
  }
  const old = new Map(beforeParts.map((part) => [part.step, part]));
  const now = new Map(afterParts.map((part) => [part.step, part]));
  for (const [step, part] of now) {
    const was = old.get(step);
    const inner = { schema: part.schema, path: [...path, step] };
    if (was === undefined) found.added.push(...everything(part.value, inner));
    else walk(was.value, part.value, inner, found);
  }
  for (const [step, part] of old) {
    if (!now.has(step))
      found.removed.push(...everything(part.value, { schema: part.schema, path: [...path, step] }));
  }
}

/** A new or lost part with all that is in it, containers too. */
function everything(value: unknown, { schema, path }: { schema: Schema; path: Path }): Path[] {
  const below = [...fieldsOf(value, schema).values()];
  const containers = schema.type === 'map' || path.at(-1)?.startsWith('k:') || below.length === 0;
  return [...(containers ? [path] : []), ...below.map((inner) => [...path, ...inner])];
}
