import { createHash } from 'node:crypto';
import { isRecord } from '../json.ts';

/** JSON with sorted keys and without undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sortKeys(inner) : inner));
}

/** The first `digits` hex digits of the SHA-256 of the canonical JSON. */
export function hashOf(value: unknown, digits: number): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, digits);
}

function sortKeys(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : Number(a > b))));
}
