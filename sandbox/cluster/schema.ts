/** The shape of a kind, as far as the sandbox checks it: which fields there are, of which type, and how server-side apply merges lists. */
export type Schema =
  | { readonly type: Scalar }
  | {
      readonly type: 'object';
      readonly fields: Readonly<Record<string, Schema>>;
      readonly required: readonly string[];
      readonly atomic?: true;
    }
  | { readonly type: 'map'; readonly of: Schema; readonly atomic?: true }
  /** With `keys` items are found by these fields, with `set` by their value; else the list is one value. */
  | {
      readonly type: 'list';
      readonly of: Schema;
      readonly keys?: readonly string[];
      readonly set?: true;
      readonly defaults?: Readonly<Record<string, unknown>>;
    }
  /** Any JSON (x-kubernetes-preserve-unknown-fields): maps merge by field, lists are one value. */
  | { readonly type: 'free' };

export type Scalar =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'int-or-string'
  | 'quantity'
  | 'bytes'
  | 'time'
  | 'micro-time';

export type Fields = Readonly<Record<string, Schema>>;

export const string: Schema = { type: 'string' };
export const integer: Schema = { type: 'integer' };
export const boolean: Schema = { type: 'boolean' };
export const intOrString: Schema = { type: 'int-or-string' };
export const quantity: Schema = { type: 'quantity' };
/** Base64 text. */
export const bytes: Schema = { type: 'bytes' };
/** RFC 3339 with seconds; `microTime` with exactly six digits behind them. */
export const time: Schema = { type: 'time' };
export const microTime: Schema = { type: 'micro-time' };
export const free: Schema = { type: 'free' };
export const strings: Schema = { type: 'list', of: string };
export const stringMap: Schema = { type: 'map', of: string };

export const object = (fields: Fields, required: readonly string[] = []): Schema => ({
  type: 'object',
  fields,
  required,
});
/** One value for server-side apply: whoever writes a part owns the whole. */
export const atomic = (fields: Fields): Schema => ({ type: 'object', fields, required: [], atomic: true });
export const map = (of: Schema): Schema => ({ type: 'map', of });
export const list = (of: Schema): Schema => ({ type: 'list', of });
export const setOf = (of: Schema): Schema => ({ type: 'list', of, set: true });
export const listBy = (
  keys: readonly string[],
  of: Schema,
  defaults: Record<string, unknown> = {},
): Schema => ({
  type: 'list',
  of,
  keys,
  defaults,
});
/** Several fields of one type: `each('a b c', string)`. */
export const each = (names: string, schema: Schema): Fields =>
  Object.fromEntries(names.split(' ').map((name) => [name, schema]));
