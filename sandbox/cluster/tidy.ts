import { isObject, type Json } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Schema } from './schema.ts';

/** Without the nulls, and without the empty maps and lists, that Go's structs leave out: everywhere in a built-in kind, in the metadata of a custom one. */
export function tidied(object: Json, { schema, custom }: Kind): Json {
  if (!custom) return tidy(object, schema) as Json;
  const metadata = schema.type === 'object' ? schema.fields['metadata'] : undefined;
  return metadata === undefined ? object : { ...object, metadata: tidy(object['metadata'], metadata) };
}

/** As an object is read: in a built-in kind a null is nothing, and so it is in a custom one. */
export function withoutNulls(object: Json, kind: Kind): Json {
  return dropNulls(tidied(object, kind)) as Json;
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, dropNulls(inner)]),
  );
}

function tidy(value: unknown, schema: Schema): unknown {
  if (schema.type === 'list' && Array.isArray(value)) return value.map((item) => tidy(item, schema.of));
  if (schema.type !== 'object' || !isObject(value)) return value;
  const kept = Object.entries(value)
    .map(([name, inner]) => ({ name, inner, of: schema.fields[name] ?? { type: 'free' as const } }))
    .filter(({ inner, of }) => inner !== null && !(isCollection(of, inner) && isEmpty(inner)));
  return Object.fromEntries(kept.map(({ name, inner, of }) => [name, tidy(inner, of)]));
}

/** Of the right type: a list where a map belongs is a mistake to be told, not nothing. */
const isCollection = ({ type }: Schema, value: unknown): boolean =>
  (type === 'map' && isObject(value)) || (type === 'list' && Array.isArray(value));

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
