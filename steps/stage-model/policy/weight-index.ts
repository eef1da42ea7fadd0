import { posix } from 'node:path';
import type { ModelFile } from '../source/listing.ts';
import { type Reading, readWhole } from './inspect.ts';
import type { Refusal } from './policy.ts';

/** The largest known has 9 MB. */
const indexLimit = 64 * 2 ** 20;

/**
 * What the indexes of weights say against the files that are to be staged: each shard that one names has to be among
 * them. One that is missing was left out by a rule, or by a listing that was not whole.
 */
export async function judgeIndexes(files: readonly ModelFile[], reading: Reading): Promise<Refusal[]> {
  const paths = new Set(files.map(({ path }) => path));
  const refusals: Refusal[] = [];
  for (const file of files) {
    if (!file.path.endsWith('.safetensors.index.json') || file.size > indexLimit) continue;
    const missing = shardsOf(file.path, await readWhole(file, reading)).filter((shard) => !paths.has(shard));
    if (missing.length > 0) refusals.push({ path: file.path, why: describe(missing) });
  }
  return refusals;
}

/** Their paths; none where it is no index. */
function shardsOf(path: string, bytes: Buffer): string[] {
  const map = readMap(bytes);
  const names = Object.values(map ?? {}).filter((name) => typeof name === 'string');
  return [...new Set(names)].map((name) => posix.join(posix.dirname(path), name));
}

function readMap(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const index = JSON.parse(bytes.toString('utf8')) as {
      weight_map?: Readonly<Record<string, unknown>>;
    } | null;
    return index?.weight_map;
  } catch {
    return undefined;
  }
}

function describe(missing: readonly string[]): string {
  const named = missing.slice(0, 3).join(', ');
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return `names weights that are not staged: ${named}${more}`;
}
