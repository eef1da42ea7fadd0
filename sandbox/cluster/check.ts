import { isObject, type Json } from './json.ts';
import { fits } from './scalars.ts';
import type { Scalar, Schema } from './schema.ts';

export interface Checked {
  /** A copy without the fields that the schema does not have. */
  readonly value: unknown;
  /** Paths of those fields, such as `spec.containers[0].imag`. */
  readonly unknown: readonly string[];
  readonly mistakes: readonly ShapeMistake[];
}

/** What a field should have been; `missing` for one that is required. */
export interface ShapeMistake {
  readonly field: string;
  readonly wanted: Scalar | 'object' | 'array' | 'missing';
  readonly schema: Schema;
  readonly value: unknown;
}

/** Compares a value with its schema: what is unknown is dropped and named, what has the wrong type or is missing is named. */
export function check(value: unknown, schema: Schema): Checked {
  const unknown: string[] = [];
  const mistakes: ShapeMistake[] = [];
  const known = walk(value, schema, '', { unknown, mistakes });
  return { value: known, unknown, mistakes };
}

interface Findings {
  readonly unknown: string[];
  readonly mistakes: ShapeMistake[];
}

function walk(value: unknown, schema: Schema, field: string, found: Findings): unknown {
  const wrong = (wanted: ShapeMistake['wanted']) => {
    found.mistakes.push({ field, wanted, schema, value });
    return value;
  };
  switch (schema.type) {
    case 'free':
      return value;
    case 'list':
      if (!Array.isArray(value)) return wrong('array');
      return value.map((item, i) => walk(item, schema.of, `${field}[${i}]`, found));
    case 'map':
      if (!isObject(value)) return wrong('object');
      return mapFields(value, (name, inner) => walk(inner, schema.of, join(field, name), found));
    case 'object':
      return isObject(value) ? walkObject(value, schema, field, found) : wrong('object');
    default:
      return fits(value, schema.type) ? value : wrong(schema.type);
  }
}

function walkObject(value: Json, schema: Extract<Schema, { type: 'object' }>, path: string, found: Findings) {
  for (const name of schema.required) {
    if (value[name] !== undefined && value[name] !== null) continue;
    found.mistakes.push({ field: join(path, name), wanted: 'missing', schema, value: undefined });
  }
  const known: Json = {};
  for (const [name, inner] of Object.entries(value)) {
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    if (field === undefined) found.unknown.push(join(path, name));
    else known[name] = walk(inner, field, join(path, name), found);
  }
  return known;
}

function mapFields(value: Json, change: (name: string, inner: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(name, inner)]));
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
