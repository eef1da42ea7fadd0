import type { Bucket } from '../../lib/bucket.ts';
import { sha256 } from '../../lib/digest.ts';
import { StepError } from '../../lib/errors.ts';
import type { Manifest } from '../../lib/manifest.ts';
import { compareSelections } from '../compare-selections.ts';
import type { Place } from '../place.ts';
import type { Share } from './share.ts';
import { shardNames } from './share.ts';
import { startPhase } from './start-phase.ts';
import { manifestOf, type Wish } from '../wish.ts';

/** What is staged: all of the manifest that is known before the policy is judged. */
type Wanted = Pick<Manifest, 'repository' | 'commit' | 'prefix' | 'selection' | 'files' | 'vocabulary'>;

/** How several pods stage one commit together; it lies in the bucket, outside of the model, until the commit. */
export interface ShardPlan {
  readonly wanted: Wanted;
  /** Who sees to what, by shard. */
  readonly shares: readonly Share[];
  /** By path: the one upload that takes the parts of a file that several shards move. */
  readonly uploads: Readonly<Record<string, string>>;
}

export interface StoredPlan {
  readonly plan: ShardPlan;
  /** SHA-256 of its bytes. */
  readonly digest: string;
}

interface Where {
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
}

const schema = 1;

export function planKey({ shards }: Place, count: number): string {
  return `${shards}${count}.json`;
}

export function wantedOf(wish: Wish): Wanted {
  const { repository, commit, prefix, selection, files, vocabulary } = manifestOf(wish, []);
  return { repository, commit, prefix, selection, files, vocabulary };
}

/** Deterministic bytes: no time, no host, no run in it. */
export function renderPlan({ wanted, shares, uploads }: ShardPlan): Buffer {
  const names = shardNames(shares.length);
  const body = {
    schema,
    ...wanted,
    uploads,
    shares: shares.map(({ files, spans }, i) => ({ shard: names[i], files, spans })),
  };
  return Buffer.from(`${JSON.stringify(body, null, 2)}\n`);
}

/** The plan for so many shards; undefined when nobody has made one. */
export async function readPlan(
  place: Place,
  count: number,
  { bucket, signal }: Where,
): Promise<StoredPlan | undefined> {
  const key = planKey(place, count);
  const bytes = await bucket.get(key, signal);
  return bytes && { plan: parsePlan(bytes, `${bucket.name}/${key}`), digest: sha256(bytes) };
}

function parsePlan(bytes: Buffer, where: string): ShardPlan {
  const body = parse(bytes) as (Partial<Wanted & ShardPlan> & { schema?: unknown }) | null | undefined;
  const { repository, commit, prefix, selection, files, vocabulary = null, shares, uploads } = body ?? {};
  const complete = repository && commit && prefix && selection && files && shares && uploads;
  if (body?.schema === schema && complete) {
    return {
      wanted: { repository, commit, prefix, selection, files, vocabulary },
      shares,
      // Without what every object has: a file may be called `constructor`.
      uploads: Object.assign(Object.create(null) as ShardPlan['uploads'], uploads),
    };
  }
  throw new StepError('check', 'the plan of the shards is not one of ours', {
    evidence: [`${JSON.stringify(bytes.subarray(0, 120).toString('utf8'))} (S3, ${where})`],
    hint: `aws s3 rm s3://${where}   (then run phase plan again)`,
  });
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The plan that this run belongs to, or an answer what to do first. */
export async function demandPlan(wish: Wish, count: number, where: Where): Promise<StoredPlan> {
  const { place } = wish;
  const stored = await readPlan(place, count, where);
  const again = startPhase('plan', { shards: String(count), revision: place.commit });
  if (!stored) {
    const others = (await where.bucket.list(place.shards, where.signal)).map(({ key }) => key);
    throw new StepError('not-ready', `nobody has planned this commit for ${count} shards`, {
      evidence: [
        `NoSuchKey (${where.bucket.where}, GET ${planKey(place, count)})`,
        ...others.map((key) => `${key} is there (${where.bucket.where}, LIST)`),
      ],
      hint: `${again}   (and pass its result revision on: a branch may have moved)`,
    });
  }
  const lines = planDifferences(stored.plan, wish);
  if (lines.length === 0) return stored;
  throw new StepError('check', 'the plan is for another selection of files', {
    evidence: lines.map((line) => `${line} (plan ${planKey(place, count)} in ${where.bucket.name})`),
    hint: `give every phase the same parameters, or plan anew: ${again}`,
  });
}

/** In what the plan is not for what this run wants; lines for people. */
export function planDifferences({ wanted: planned }: ShardPlan, wish: Wish): string[] {
  const wanted = wantedOf(wish);
  const lines: string[] = [];
  for (const name of ['repository', 'commit', 'prefix', 'selection'] as const) {
    const [was, is] = [String(planned[name]), String(wanted[name])];
    if (was !== is) lines.push(`${name}: planned ${was || 'nothing'}, now ${is || 'nothing'}`);
  }
  return [...lines, ...compareSelections(describeFiles(planned), describeFiles(wanted), 'planned')];
}

function describeFiles({ files, vocabulary }: Wanted): Map<string, string> {
  const described = files.map(({ path, size, digest, partSize }) => {
    const parts = partSize === undefined ? 'in one part' : `in parts of ${partSize}`;
    return [path, `${size} bytes, ${digest.algorithm} ${digest.hex}, ${parts}`] as const;
  });
  const own = vocabulary ? [[vocabulary.path, `vocabulary, sha256 ${vocabulary.sha256}`] as const] : [];
  return new Map([...described, ...own]);
}
