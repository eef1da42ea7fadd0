import { type ComparedKind, compareFields, type FieldChanges } from './field-changes.ts';
import { refuseConflicts } from './field-conflicts.ts';
import { mergeFields } from './field-merge.ts';
import { removeFields } from './field-removal.ts';
import { emptySet, type FieldSet, fieldsOf, sameSet, setOfPaths, union, without } from './field-set.ts';
import { isObject, type Json } from './json.ts';
import { type Manager, managersOf, withManagers } from './managers.ts';

export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  /** `status`, or empty. */
  readonly subresource: string;
  readonly now: Date;
}

/** Who owns which field after a create, replace or patch: the writer what it changed, the others what is left of theirs. */
export function trackUpdate(live: Json | undefined, object: Json, kind: ComparedKind, writer: Writer): Json {
  const changes = compareFields(managed(live ?? {}), managed(object), kind);
  const others = managersOf(live ?? object).map((entry) => lose(entry, changes));
  const changed = union(changes.added, changes.modified);
  const mine = others.find((entry) => isSame(entry, writer, 'Update'));
  const rest = others.filter((entry) => entry !== mine);
  if (changed.size === 0) return withManagers(object, others);
  return withManagers(object, [...rest, toEntry(writer, 'Update', union(mine?.fields ?? emptySet, changed))]);
}

/** Server-side apply: merges, drops what the manager no longer says, and refuses what others own unless forced. */
export function applyFields(
  live: Json | undefined,
  applied: Json,
  kind: ComparedKind,
  { force, ...writer }: Writer & { force: boolean },
): Json {
  const before = managersOf(live ?? {});
  const mine = before.find((entry) => isSame(entry, writer, 'Apply'));
  const fields = without(fieldsOf(managed(applied), kind.schema), metadataOnly);
  const others = before.filter((entry) => entry !== mine);
  const merged = mergeFields(live ?? {}, applied, kind.schema);
  const owned = union(fields, ...others.map((entry) => entry.fields));
  const object = removeFields(merged, kind.schema, without(mine?.fields ?? emptySet, owned), owned) as Json;

  const changes = compareFields(managed(live ?? {}), managed(object), kind);
  const changed = union(changes.added, changes.modified);
  if (!force) refuseConflicts(others, changed);
  const left = others.map((entry) => lose(entry, changes));
  const unchanged =
    mine !== undefined && sameSet(mine.fields, fields) && changed.size + changes.removed.size === 0;
  return withManagers(object, [...left, unchanged ? mine : toEntry(writer, 'Apply', fields)]);
}

function lose(entry: Manager, { added, modified, removed }: FieldChanges): Manager {
  const fields = without(entry.fields, union(added, modified, removed));
  return fields.size === entry.fields.size ? entry : { ...entry, fields };
}

const isSame = (entry: Manager, writer: Writer, operation: Manager['operation']): boolean =>
  entry.manager === writer.manager &&
  entry.operation === operation &&
  entry.subresource === writer.subresource &&
  entry.apiVersion === writer.apiVersion;

const toEntry = (writer: Writer, operation: Manager['operation'], fields: FieldSet): Manager => ({
  manager: writer.manager,
  operation,
  apiVersion: writer.apiVersion,
  subresource: writer.subresource,
  time: writer.now.toISOString().replace(/\.\d+Z$/, 'Z'),
  fields,
});

/** What the server itself keeps is nobody's. */
const serverFields =
  'name namespace generateName uid resourceVersion generation creationTimestamp selfLink managedFields deletionTimestamp deletionGracePeriodSeconds'.split(
    ' ',
  );

/** An object has metadata anyway. */
const metadataOnly = setOfPaths([['f:metadata']]);

function managed({ apiVersion: _a, kind: _k, metadata, ...rest }: Json): Json {
  const own = Object.entries(isObject(metadata) ? metadata : {}).filter(
    ([name]) => !serverFields.includes(name),
  );
  return { metadata: Object.fromEntries(own), ...rest };
}
