import { isObject, type Json } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Schema } from './schema.ts';

/** Without the nulls, and without the empty maps and lists, that Go's structs leave out: everywhere in a built-in kind, in the metadata of a custom one. */
export function tidied(object: Json, { schema, custom }: Kind): Json {
  if (!custom) return tidy(object, schema) as Json;
  const metadata = schema.type === 'object' ? schema.fields['metadata'] : undefined;
  return metadata === undefined ? object : { ...object, metadata: tidy(object['metadata'], metadata) };
}

function tidy(value: unknown, schema: Schema): unknown {
  if (schema.type === 'list' && Array.isArray(value)) return value.map((item) => tidy(item, schema.of));
  if (schema.type !== 'object' || !isObject(value)) return value;
  const kept = Object.entries(value)
    .map(([name, inner]) => ({ name, inner, of: schema.fields[name] ?? { type: 'free' as const } }))
    .filter(({ inner, of }) => inner !== null && !(isCollection(of) && isEmpty(inner)));
  return Object.fromEntries(kept.map(({ name, inner, of }) => [name, tidy(inner, of)]));
}

const isCollection = ({ type }: Schema): boolean => type === 'map' || type === 'list';

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
