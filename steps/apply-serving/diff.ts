import { isRecord } from '../lib/json.ts';

export interface Change {
  readonly field: string;
  readonly from?: string;
  readonly to?: string;
}

/** The fields in which two objects differ, in the order of their names. Status and what the API server keeps itself are left out. */
export function diff(before: unknown, after: unknown): Change[] {
  const [a, b] = [flatten(before), flatten(after)];
  const fields = [...new Set([...a.keys(), ...b.keys()])].filter((field) => a.get(field) !== b.get(field));
  return fields.sort().map((field) => {
    const [from, to] = [a.get(field), b.get(field)];
    return { field, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  });
}

/** `~ spec.predictor.model.runtime: a → b` */
export function formatChange({ field, from, to }: Change): string {
  const [a, b] = [from, to].map((value) => value && shorten(isSecretive(field) ? '"(hidden)"' : value));
  if (a === undefined) return `+ ${field}: ${b}`;
  return b === undefined ? `- ${field}: ${a}` : `~ ${field}: ${a} → ${b}`;
}

const own =
  /^(apiVersion|kind|status|metadata\.(name|namespace|managedFields|resourceVersion|generation|uid|creationTimestamp|selfLink))\b/;

function flatten(value: unknown, field = '', into = new Map<string, string>()): Map<string, string> {
  if (own.test(field)) return into;
  const entries = childrenOf(value);
  if (!entries || entries.length === 0) {
    if (value !== undefined && field !== '') into.set(field, JSON.stringify(value));
    return into;
  }
  for (const [key, child] of entries) flatten(child, join(field, key), into);
  return into;
}

/** Lists whose entries have a name are told apart by it, as the API server does. */
function childrenOf(value: unknown): [string, unknown][] | undefined {
  if (isRecord(value)) return Object.entries(value);
  if (!Array.isArray(value)) return undefined;
  const named = value.every((each) => isRecord(each) && typeof each['name'] === 'string');
  return value.map((each: unknown, at) => [`[${named && isRecord(each) ? String(each['name']) : at}]`, each]);
}

function join(field: string, key: string): string {
  if (key.startsWith('[')) return field + key;
  const name = /[./]/.test(key) ? `["${key}"]` : key;
  return field === '' || name.startsWith('[') ? field + name : `${field}.${name}`;
}

/** The value of a variable whose name says that it is a secret. */
function isSecretive(field: string): boolean {
  const name = /\[([A-Za-z0-9_]+)\]\.value$/.exec(field)?.[1] ?? '';
  return /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|KEY|CREDENTIALS?)(_|$)/i.test(name);
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
