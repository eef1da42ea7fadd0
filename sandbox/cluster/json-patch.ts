import { isObject, type Json, same } from './json.ts';

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Json = { ...(isObject(target) ? target : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

export interface PatchStep {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** RFC 6902 as the API server does it: undefined when a step cannot be done or a test does not hold; `replace` also adds a field. */
export function jsonPatch(target: unknown, steps: readonly PatchStep[]): unknown {
  try {
    return steps.reduce(takeStep, structuredClone(target));
  } catch (error) {
    if (error instanceof PatchFailed) return undefined;
    throw error;
  }
}

class PatchFailed extends Error {}

function takeStep(target: unknown, { op, path, from, value }: PatchStep): unknown {
  const keys = split(path);
  switch (op) {
    case 'add':
      return change(target, keys, (at) => insert(at, value));
    case 'replace':
      return change(target, keys, (at) => assign(at, value));
    case 'remove':
      read(target, keys);
      return change(target, keys, removeAt);
    case 'test':
      if (!same(readOrNull(target, keys), value ?? null)) throw new PatchFailed();
      return target;
    case 'move':
    case 'copy': {
      const source = split(from ?? '');
      const moved = read(target, source);
      const rest = op === 'move' ? change(target, source, removeAt) : target;
      return change(rest, keys, (at) => insert(at, structuredClone(moved)));
    }
    default:
      throw new PatchFailed();
  }
}

interface Place {
  readonly holder: unknown[] | Json;
  readonly key: string;
}

const split = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

function read(target: unknown, keys: readonly string[]): unknown {
  return keys.reduce((inner, key) => {
    const next = Array.isArray(inner) ? inner[Number(key)] : isObject(inner) ? inner[key] : undefined;
    if (next === undefined) throw new PatchFailed();
    return next;
  }, target);
}

/** What a test looks at: a field that is not there is null, one below nothing is a failure. */
function readOrNull(target: unknown, keys: readonly string[]): unknown {
  const holder = read(target, keys.slice(0, -1));
  const key = keys.at(-1);
  return key !== undefined && isObject(holder) ? (holder[key] ?? null) : read(target, keys);
}

function change(target: unknown, keys: readonly string[], act: (place: Place) => void): unknown {
  const holder = read(target, keys.slice(0, -1));
  const key = keys.at(-1);
  if (key === undefined || !(Array.isArray(holder) || isObject(holder))) throw new PatchFailed();
  act({ holder, key });
  return target;
}

function insert({ holder, key }: Place, value: unknown): void {
  if (!Array.isArray(holder)) holder[key] = value;
  else if (key === '-') holder.push(value);
  else if (Number(key) <= holder.length) holder.splice(Number(key), 0, value);
  else throw new PatchFailed();
}

function assign({ holder, key }: Place, value: unknown): void {
  if (!Array.isArray(holder)) holder[key] = value;
  else if (Number(key) < holder.length) holder[Number(key)] = value;
  else throw new PatchFailed();
}

function removeAt({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
}
