import { check } from './check.ts';
import { partsOf } from './field-set.ts';
import { isObject, type Json } from './json.ts';
import type { Kind } from './kinds.ts';
import type { Schema } from './schema.ts';
import { badRequest, StatusError } from './status.ts';
import { objectWords, typedWords } from './wording.ts';

/**
 * Server-side apply needs a schema for every field, and each item of a list once. The real server answers a fault with a 500 without a
 * reason too, though nothing is wrong with it.
 */
export function requireTyped(body: Json, kind: Kind): void {
  if (body['apiVersion'] !== kind.apiVersion || body['kind'] !== kind.kind)
    throw badRequest(`invalid object type: ${typeWords(body)}`);
  const { unknown, mistakes } = check(body, kind.schema);
  const [wrong] = [
    ...unknown.map((field) => `.${field}: field not declared in schema`),
    ...mistakes.filter(({ wanted, value }) => wanted !== 'missing' && value !== null).map(typedWords),
    ...itemFaults(body, kind.schema, ''),
  ];
  if (wrong === undefined) return;
  throw new StatusError(
    500,
    '',
    `failed to create typed patch object (${objectWords(body, kind)}): ${wrong}`,
  );
}

function typeWords({ apiVersion, kind }: Json): string {
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  return `${version.includes('/') ? version : `/${version}`}, Kind=${typeof kind === 'string' ? kind : ''}`;
}

function itemFaults(value: unknown, schema: Schema, path: string): string[] {
  const parts = partsOf(value, schema) ?? [];
  const own =
    schema.type === 'list' && schema.keys !== undefined ? faultsOfList(value, schema.keys, path) : [];
  const below = parts.flatMap(({ step, value: inner, schema: of }) =>
    itemFaults(inner, of, step.startsWith('f:') ? `${path}.${step.slice(2)}` : path),
  );
  return [...own, ...below];
}

function faultsOfList(value: unknown, keys: readonly string[], path: string): string[] {
  const items = Array.isArray(value) ? value.filter(isObject) : [];
  const bare = items.findIndex((item) => keys.every((key) => item[key] === undefined));
  if (bare !== -1) {
    const names = JSON.stringify(keys);
    return [
      `${path}: element ${bare}: associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`,
    ];
  }
  const texts = items.map((item) => keys.map((key) => `${key}=${JSON.stringify(item[key])}`).join(','));
  const twice = texts.find((text, i) => texts.indexOf(text) < i);
  return twice === undefined ? [] : [`${path}: duplicate entries for key [${twice}]`];
}
