import type { KubeObject } from '../../../../steps/lib/cluster.ts';
import { StepError } from '../../../../steps/lib/errors.ts';

interface Applying {
  readonly fieldManager: string;
  readonly force?: boolean;
  /** What each manager applied last. */
  readonly managers: ReadonlyMap<string, unknown>;
}

type Leaves = Map<string, unknown>;

/** Server-side apply in small: what the manager no longer says goes, what others say differently is a conflict. */
export function mergeApplied(
  live: KubeObject | undefined,
  intent: KubeObject,
  { fieldManager, force = false, managers }: Applying,
): KubeObject {
  const wanted = leavesOf(intent);
  const others = [...managers].filter(([manager]) => manager !== fieldManager);
  const merged = leavesOf(live ?? {});
  for (const field of leavesOf(managers.get(fieldManager) ?? {}).keys()) {
    const shared = others.some(([, said]) => leavesOf(said).has(field));
    if (!wanted.has(field) && !shared) merged.delete(field);
  }
  for (const [field, value] of wanted) {
    const owner = others.find(([, said]) => leavesOf(said).has(field))?.[0];
    if (owner && !force && JSON.stringify(merged.get(field)) !== JSON.stringify(value)) {
      throw new StepError('refused', `conflict with "${owner}": ${field}`, { hint: 'force-conflicts=true' });
    }
    merged.set(field, value);
  }
  return build(merged) as KubeObject;
}

const separator = '\u0000';

/** Lists are atomic, except those of objects with a name. */
function leavesOf(value: unknown, path = '', leaves: Leaves = new Map()): Leaves {
  const children = childrenOf(value);
  if (!children) leaves.set(path, value);
  else
    for (const [key, child] of children) leavesOf(child, path === '' ? key : path + separator + key, leaves);
  return leaves;
}

function childrenOf(value: unknown): [string, unknown][] | undefined {
  if (Array.isArray(value)) {
    const named = value.length > 0 && value.every((each: unknown) => typeof nameOf(each) === 'string');
    return named ? value.map((each: unknown) => [`[${String(nameOf(each))}]`, each]) : undefined;
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return undefined;
  return Object.entries(value);
}

function nameOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { name?: unknown }).name : undefined;
}

function build(leaves: Leaves): unknown {
  const groups = new Map<string, Leaves>();
  for (const [path, value] of leaves) {
    if (path === '') return value;
    const [head = '', ...rest] = path.split(separator);
    const group = groups.get(head) ?? new Map<string, unknown>();
    groups.set(head, group.set(rest.join(separator), value));
  }
  const entries = [...groups].map(([key, group]): [string, unknown] => [key, build(group)]);
  return entries.length > 0 && entries.every(([key]) => key.startsWith('['))
    ? entries.map(([, value]) => value)
    : Object.fromEntries(entries);
}
