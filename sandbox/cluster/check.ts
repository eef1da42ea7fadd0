import { isObject, type Json } from './json.ts';
import type { Scalar, Schema } from './schema.ts';
import type { Mistake } from './status.ts';

export interface Checked {
  /** A copy without the fields that the schema does not have. */
  readonly value: unknown;
  /** Paths of those fields, such as `spec.containers[0].imag`. */
  readonly unknown: readonly string[];
  readonly mistakes: readonly Mistake[];
}

/** Compares a value with its schema: what is unknown is dropped and named, what has the wrong type or is missing is named. */
export function check(value: unknown, schema: Schema): Checked {
  const unknown: string[] = [];
  const mistakes: Mistake[] = [];
  return { value: walk(value, schema, '', { unknown, mistakes }), unknown, mistakes };
}

interface Findings {
  readonly unknown: string[];
  readonly mistakes: Mistake[];
}

function walk(value: unknown, schema: Schema, path: string, found: Findings): unknown {
  if (schema.type === 'free') return value;
  if (schema.type === 'list') {
    if (!Array.isArray(value)) return wrongType(value, 'array', path, found);
    return value.map((item, i) => walk(item, schema.of, `${path}[${i}]`, found));
  }
  if (schema.type === 'map' || schema.type === 'object') {
    if (!isObject(value)) return wrongType(value, 'object', path, found);
    return schema.type === 'map'
      ? mapFields(value, (name, inner) => walk(inner, schema.of, join(path, name), found))
      : walkObject(value, schema, path, found);
  }
  if (!scalars[schema.type].fits(value)) return wrongType(value, scalars[schema.type].name, path, found);
  return value;
}

function walkObject(value: Json, schema: Extract<Schema, { type: 'object' }>, path: string, found: Findings) {
  for (const name of schema.required) {
    if (value[name] !== undefined && value[name] !== null) continue;
    found.mistakes.push({ field: join(path, name), reason: 'FieldValueRequired', text: 'Required value' });
  }
  const known: Json = {};
  for (const [name, inner] of Object.entries(value)) {
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    if (field === undefined) found.unknown.push(join(path, name));
    else known[name] = walk(inner, field, join(path, name), found);
  }
  return known;
}

const scalars: Readonly<Record<Scalar, { name: string; fits: (value: unknown) => boolean }>> = {
  string: { name: 'string', fits: (value) => typeof value === 'string' },
  bytes: { name: 'string', fits: (value) => typeof value === 'string' },
  integer: { name: 'integer', fits: (value) => Number.isInteger(value) },
  number: { name: 'number', fits: (value) => typeof value === 'number' },
  boolean: { name: 'boolean', fits: (value) => typeof value === 'boolean' },
  'int-or-string': {
    name: 'integer,string',
    fits: (value) => Number.isInteger(value) || typeof value === 'string',
  },
  quantity: {
    name: 'integer,string',
    fits: (value) =>
      typeof value === 'number' ||
      (typeof value === 'string' && /^[+-]?\d+(\.\d+)?([eE]\d+|m|k|[KMGTPE]i?)?$/.test(value)),
  },
};

function wrongType(value: unknown, wanted: string, path: string, found: Findings): unknown {
  const is = typeOf(value);
  found.mistakes.push({
    field: path,
    reason: 'FieldValueTypeInvalid',
    text: `Invalid value: ${JSON.stringify(is)}: ${path} in body must be of type ${wanted}: ${JSON.stringify(is)}`,
  });
  return value;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function mapFields(value: Json, change: (name: string, inner: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(name, inner)]));
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
