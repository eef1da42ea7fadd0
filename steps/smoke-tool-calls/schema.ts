import { isRecord } from '../lib/json.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Where a value breaks its JSON Schema; empty when it keeps it. Knows the keywords that the suite's tools use, no more. */
export function violations(value: unknown, schema: Schema, path = 'arguments'): string[] {
  const choices = schema['enum'];
  if (Array.isArray(choices) && !choices.includes(value)) return [`${path} is none of ${choices.join(', ')}`];
  const check = checks[String(schema['type'])];
  return check ? check(value, schema, path) : [];
}

type Check = (value: unknown, schema: Schema, path: string) => string[];

const checks: Readonly<Record<string, Check>> = {
  object: (value, schema, path) =>
    isRecord(value) ? inObject(value, schema, path) : [`${path} is not an object`],
  array: (value, schema, path) =>
    Array.isArray(value) ? inArray(value, schema, path) : [`${path} is not a list`],
  string: (value, schema, path) => {
    if (typeof value !== 'string') return [`${path} is not text`];
    const { pattern } = schema as { pattern?: string };
    const fits = pattern === undefined || new RegExp(pattern, 'u').test(value);
    return fits ? [] : [`${path} does not match ${pattern}`];
  },
  integer: (value, schema, path) => {
    if (!Number.isInteger(value)) return [`${path} is not a whole number`];
    const { minimum = -Infinity } = schema as { minimum?: number };
    return Number(value) >= minimum ? [] : [`${path} is less than ${minimum}`];
  },
};

function inObject(value: Readonly<Record<string, unknown>>, schema: Schema, path: string): string[] {
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  const required = (schema['required'] ?? []) as string[];
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  const unasked = Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...(schema['additionalProperties'] === false
      ? unasked.map((name) => `${path}.${name} was not asked for`)
      : []),
    ...Object.entries(properties).flatMap(([name, inner]) =>
      Object.hasOwn(value, name) ? violations(value[name], inner, `${path}.${name}`) : [],
    ),
  ];
}

function inArray(value: readonly unknown[], schema: Schema, path: string): string[] {
  const { items, minItems } = schema as { items?: Schema; minItems?: number };
  const few = value.length < (minItems ?? 0) ? [`${path} has fewer than ${minItems} items`] : [];
  return [...few, ...value.flatMap((item, i) => (items ? violations(item, items, `${path}[${i}]`) : []))];
}
