import type { ShapeMistake } from './check.ts';
import { textAt } from './json.ts';
import type { Kind } from './kinds.ts';
import { base64Fault, quantityShape, typeOf } from './scalars.ts';
import type { Mistake } from './status.ts';

/** A mistake as the validation of a CustomResourceDefinition says it. */
export function schemaWords({ field, wanted, value }: ShapeMistake): Mistake {
  if (wanted === 'missing') return { field, reason: 'FieldValueRequired', text: 'Required value' };
  if (wanted === 'quantity' && typeof value === 'string') {
    const text = `Invalid value: ${JSON.stringify(value)}: ${field} in body should match '${quantityShape}'`;
    return { field, reason: 'FieldValueInvalid', text };
  }
  const is = JSON.stringify(typeOf(value));
  const type = {
    bytes: 'string',
    time: 'string',
    'micro-time': 'string',
    quantity: 'integer,string',
    'int-or-string': 'integer,string',
  };
  const name = wanted in type ? type[wanted as keyof typeof type] : wanted;
  const text = `Invalid value: ${is}: ${field} in body must be of type ${name}: ${is}`;
  return { field, reason: 'FieldValueTypeInvalid', text };
}

/** A mistake as Go's JSON decoder says it of a built-in kind. */
export function decoderWords({ kind }: Kind, { field, wanted, value, schema }: ShapeMistake): string {
  if (wanted === 'micro-time' && typeof value === 'string') return microTimeWords(value);
  if (wanted === 'bytes' && typeof value === 'string') {
    return `illegal base64 data at input byte ${base64Fault(value)}`;
  }
  const is = typeOf(value);
  const given = is === 'integer' ? 'number' : is === 'boolean' ? 'bool' : is;
  return `json: cannot unmarshal ${given} into Go struct field ${structOf(kind, field)} of type ${goType(wanted, schema)}`;
}

function microTimeWords(value: string): string {
  const rest = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(.*)$/.exec(value)?.[1];
  const fault =
    rest === undefined ? `${JSON.stringify(value)} as "2006"` : `${JSON.stringify(rest)} as ".000000"`;
  return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${fault}`;
}

/** The innermost struct and the path; keys of maps are left out. */
function structOf(kind: string, field: string): string {
  const place = field.replace(/^((?:binaryD|d|stringD)ata|metadata\.(?:labels|annotations))\..*$/, '$1');
  const [first = '', ...rest] = place.split('.');
  if (rest.length === 0) return `${kind}.${place}`;
  if (first === 'metadata') return `ObjectMeta.${place}`;
  return rest.length === 1
    ? `${kind}${first[0]?.toUpperCase()}${first.slice(1)}.${place}`
    : `${kind}.${place}`;
}

function goType(wanted: ShapeMistake['wanted'], schema: ShapeMistake['schema']): string {
  if (schema.type === 'map') return `map[string]${goType('string', schema.of)}`;
  if (schema.type === 'list') return `[]${goType('string', schema.of)}`;
  const names: Readonly<Record<string, string>> = { boolean: 'bool', integer: 'int32', bytes: '[]uint8' };
  return names[wanted] ?? (wanted === 'object' ? 'struct' : 'string');
}

/** A mistake as server-side apply says it. */
export function typedWords({ field, wanted, value }: ShapeMistake): string {
  if (wanted === 'integer') return `.${field}: expected numeric (int or float), got ${valueWords(value)}`;
  const name = { object: 'map', array: 'list', boolean: 'boolean' }[wanted as string] ?? 'string';
  return `.${field}: expected ${name}, got ${valueWords(value)}`;
}

function valueWords(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (Array.isArray(value)) return `&{${JSON.stringify(value)}}`;
  return `&value.valueUnstructured{Value:${JSON.stringify(value)}}`;
}

/** `namespace/name; group/version, Kind=Name`, where the core group has an empty name. */
export function objectWords(body: unknown, { group, version, kind }: Kind): string {
  const namespace = textAt(body, 'metadata', 'namespace') ?? '';
  return `${namespace}/${textAt(body, 'metadata', 'name') ?? ''}; ${group}/${version}, Kind=${kind}`;
}
