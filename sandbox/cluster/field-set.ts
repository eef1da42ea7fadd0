import { isObject, type Json } from './json.ts';
import type { Schema } from './schema.ts';

/** Steps into an object as fieldsV1 writes them: `f:spec`, `k:{"name":"main"}` (a list's item by its keys), `v:"x"` (a set's item). */
export type Path = readonly string[];

/** A set of paths, by their text. */
export type FieldSet = ReadonlyMap<string, Path>;

export const emptySet: FieldSet = new Map();

export function setOfPaths(paths: Iterable<Path>): FieldSet {
  return new Map([...paths].map((path) => [textOf(path), path]));
}

export const union = (...sets: readonly FieldSet[]): FieldSet => new Map(sets.flatMap((set) => [...set]));

export const without = (set: FieldSet, taken: FieldSet): FieldSet =>
  new Map([...set].filter(([text]) => !taken.has(text)));

export const shared = (a: FieldSet, b: FieldSet): FieldSet => new Map([...a].filter(([text]) => b.has(text)));

export const sameSet = (a: FieldSet, b: FieldSet): boolean =>
  a.size === b.size && [...a.keys()].every((text) => b.has(text));

const textOf = (path: Path): string => path.join('\0');

/** The fields that a value has: leaves, values that are one for apply, items of lists with keys, and empty containers. */
export function fieldsOf(value: unknown, schema: Schema): FieldSet {
  const paths: Path[] = [];
  collect(value, schema, [], paths);
  return setOfPaths(paths);
}

function collect(value: unknown, schema: Schema, path: Path, paths: Path[]): void {
  const inner = partsOf(value, schema);
  const isItem = path.at(-1)?.startsWith('k:') ?? false;
  // An empty list with keys is nobody's; an empty map is whose it is.
  const isEmpty = inner?.length === 0 && !Array.isArray(value);
  if ((inner === undefined || isEmpty || isItem) && path.length > 0) paths.push(path);
  for (const part of inner ?? []) collect(part.value, part.schema, [...path, part.step], paths);
}

export interface Part {
  readonly step: string;
  readonly value: unknown;
  readonly schema: Schema;
}

/** What a value consists of for server-side apply; undefined for a leaf or an atomic value. */
export function partsOf(value: unknown, schema: Schema): Part[] | undefined {
  if (Array.isArray(value)) return schema.type === 'list' ? itemsOf(value, schema) : undefined;
  if (!isObject(value) || (schema.type === 'object' && schema.atomic)) return undefined;
  if (schema.type === 'map' && schema.atomic) return undefined;
  return Object.entries(value).map(([name, inner]) => ({
    step: `f:${name}`,
    value: inner,
    schema: schemaOf(schema, name),
  }));
}

function schemaOf(schema: Schema, name: string): Schema {
  if (schema.type === 'map') return schema.of;
  return (schema.type === 'object' ? schema.fields[name] : undefined) ?? { type: 'free' };
}

type ListSchema = Extract<Schema, { type: 'list' }>;

function itemsOf(items: readonly unknown[], schema: ListSchema): Part[] | undefined {
  if (schema.keys === undefined && !schema.set) return undefined;
  return items.map((value) => ({ step: stepOf(value, schema), value, schema: schema.of }));
}

function stepOf(item: unknown, { keys, defaults = {} }: ListSchema): string {
  if (keys === undefined) return `v:${JSON.stringify(item)}`;
  const fields: Json = isObject(item) ? item : {};
  const key = Object.fromEntries([...keys].sort().map((name) => [name, fields[name] ?? defaults[name]]));
  return `k:${JSON.stringify(key)}`;
}

/** As managedFields store it: `{"f:spec":{"f:replicas":{}}}`; an item or container that is a member itself has `"."`. */
export function toFieldsV1(set: FieldSet): Json {
  const root: Json = {};
  for (const path of set.values()) {
    let node = root;
    for (const step of path) {
      const next = node[step];
      const below: Json = isObject(next) ? next : {};
      node[step] = below;
      node = below;
    }
    node['.'] = {};
  }
  return tidy(root);
}

/** A leaf is written `{}`, not `{".":{}}`. */
function tidy(node: Json): Json {
  const names = Object.keys(node).sort();
  if (names.length === 1 && names[0] === '.') return {};
  return Object.fromEntries(names.map((name) => [name, name === '.' ? {} : tidy(node[name] as Json)]));
}

export function fromFieldsV1(fields: unknown): FieldSet {
  const paths: Path[] = [];
  read(isObject(fields) ? fields : {}, [], paths);
  return setOfPaths(paths);
}

function read(node: Json, path: Path, paths: Path[]): void {
  const steps = Object.keys(node);
  if (path.length > 0 && (steps.length === 0 || steps.includes('.'))) paths.push(path);
  for (const step of steps) {
    const inner = node[step];
    if (step !== '.' && isObject(inner)) read(inner, [...path, step], paths);
  }
}

/** The order that conflicts are listed in: at every level first what ends there, then what goes deeper, each by name. */
export function comparePaths(a: Path, b: Path): number {
  const i = a.findIndex((step, at) => step !== b[at]);
  if (i === -1) return a.length - b.length;
  const endsA = i === a.length - 1;
  const endsB = i === b.length - 1;
  if (endsA !== endsB) return endsA ? -1 : 1;
  return (a[i] ?? '') < (b[i] ?? '') ? -1 : 1;
}

/** As conflicts name it: `.spec.template.spec.containers[name="main"].image`. */
export function pathText(path: Path): string {
  return path
    .map((step) => {
      const rest = step.slice(2);
      if (step.startsWith('f:')) return `.${rest}`;
      if (step.startsWith('v:')) return `[=${rest}]`;
      const key = JSON.parse(rest) as Json;
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}
