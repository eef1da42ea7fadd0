import type { Scalar } from './schema.ts';

export const quantityShape =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';

const isText = (value: unknown): value is string => typeof value === 'string';

const isTime = (shape: RegExp) => (value: unknown) =>
  isText(value) && shape.test(value) && !Number.isNaN(Date.parse(value));

const tests: Readonly<Record<Scalar, (value: unknown) => boolean>> = {
  string: isText,
  bytes: (value) => isText(value) && base64Fault(value) === undefined,
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  time: isTime(/T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/),
  'micro-time': isTime(/T\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/),
  'int-or-string': (value) => Number.isInteger(value) || isText(value),
  quantity: (value) => typeof value === 'number' || (isText(value) && new RegExp(quantityShape).test(value)),
};

export const fits = (value: unknown, scalar: Scalar): boolean => tests[scalar](value);

/** Where a text stops being base64; undefined when it is. */
export function base64Fault(text: string): number | undefined {
  const at = text.search(/[^A-Za-z0-9+/=]|=(?!=?$)/);
  if (at !== -1) return at;
  return text.length % 4 === 0 ? undefined : text.length;
}

/** As JSON Schema and Go name what a value is. */
export function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
