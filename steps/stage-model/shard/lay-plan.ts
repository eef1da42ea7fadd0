import { StepError } from '../../lib/errors.ts';
import { demandNoOthers } from '../leftovers.ts';
import type { Findings } from '../bucket/findings.ts';
import {
  type Action,
  adaptPlan,
  carriesDigest,
  digestMetadata,
  fittingUploads,
  planActions,
  type WantedFile,
} from '../plan.ts';
import {
  planDifferences,
  demandPlan,
  planKey,
  readPlan,
  renderPlan,
  type ShardPlan,
  wantedOf,
} from './shard-plan.ts';
import { probeBucket } from '../bucket/probe.ts';
import { type Load, type Share, shareOut } from './share.ts';
import type { Stage } from '../stage.ts';
import { type Survey, surveyBucket } from '../bucket/survey.ts';
import type { Wish } from '../wish.ts';

/**
 * Divides the commit among shards and puts the plan into the bucket. A plan that is there already, for the same files and
 * with all its uploads still pending, stays as it is; of two that plan at once the first one's stays, and the other takes
 * it for its own.
 */
export async function layPlan(wish: Wish, count: number, stage: Stage): Promise<ShardPlan> {
  const { bucket, log, signal, params } = stage;
  const { place, files } = wish;
  const key = planKey(place, count);
  const before = await readIfSound(wish, count, stage);
  const survey = await surveyBucket(files, place, stage);
  if (before && planDifferences(before, wish).length === 0 && hasItsUploads(before, wish, survey)) {
    log.info('planned already', { plan: key });
    return before;
  }
  await demandNoOthers(survey.listing, files, { bucket, place, signal });
  if (before) log.warn('replacing a plan that no longer fits', { plan: key });
  const findings = await probeBucket({ ...stage, place });
  const actions = adaptPlan(planActions(files, survey, params.readBack), findings);
  const shares = shareOut(
    actions.map((action) => toLoad(action, findings)),
    count,
  );
  const { uploads, begun } = await openUploads(shares, { wish, survey, findings }, stage);
  const body = renderPlan({ wanted: wantedOf(wish), shares, uploads });
  await bucket.put(key, body, {
    ...(before ? {} : { ifNoneMatch: '*' as const }),
    contentType: 'application/json',
    signal,
  });
  const { plan } = await demandPlan(wish, count, stage);
  for (const { file, uploadId } of begun) {
    if (plan.uploads[file.path] === uploadId) continue;
    await bucket.abortUpload(file.key, uploadId);
  }
  return plan;
}

/** A plan that nobody can read is as good as none, but for its place. */
async function readIfSound(wish: Wish, count: number, stage: Stage): Promise<ShardPlan | undefined> {
  try {
    return (await readPlan(wish.place, count, stage))?.plan;
  } catch (error) {
    if (!(error instanceof StepError) || error.failure !== 'check') throw error;
    stage.log.warn('removing a plan that cannot be read', { plan: planKey(wish.place, count) });
    await stage.bucket.delete(planKey(wish.place, count), stage.signal);
    return undefined;
  }
}

/** Whether every file that several shards move still has its upload, or is there as a shard would take it for done. */
function hasItsUploads({ uploads }: ShardPlan, { files }: Wish, survey: Survey): boolean {
  return files.every((file) => {
    const uploadId = uploads[file.path];
    if (uploadId === undefined) return true;
    const object = survey.stored.get(file.key);
    if (object) return carriesDigest(object, file);
    return (survey.pending.get(file.key) ?? []).some((upload) => upload.uploadId === uploadId);
  });
}

/**
 * Only what has to be moved can be cut: an object is copied or proven as a whole. And only where pending uploads and their
 * parts are listed, since whoever completes an upload learns of other pods' parts from the server alone.
 */
function toLoad({ kind, file: { path, size, partSize } }: Action, { resume }: Findings): Load {
  const bytes = kind === 'skip' ? 0 : size;
  const mayCut = kind === 'move' && partSize !== undefined && resume !== false && resume !== 'by-key';
  return { path, bytes, ...(mayCut ? { partSize } : {}) };
}

interface Opened {
  readonly uploads: Readonly<Record<string, string>>;
  /** Those of them that did not pend before. */
  readonly begun: readonly { readonly file: WantedFile; readonly uploadId: string }[];
}

/** One upload for each file that several shards move: the one that pends with most parts, else a new one. */
async function openUploads(
  shares: readonly Share[],
  { wish, survey, findings }: { readonly wish: Wish; readonly survey: Survey; readonly findings: Findings },
  { bucket, signal }: Stage,
): Promise<Opened> {
  const paths = new Set(shares.flatMap(({ spans }) => spans.map(({ path }) => path)));
  const uploads: Record<string, string> = {};
  const begun: { file: WantedFile; uploadId: string }[] = [];
  for (const file of wish.files.filter(({ path }) => paths.has(path))) {
    const found = fittingUploads(file, survey.pending.get(file.key) ?? [])[0]?.uploadId;
    const begin = { metadata: digestMetadata(file), checksum: findings.checksum, signal };
    const uploadId = found ?? (await bucket.createUpload(file.key, begin));
    if (found === undefined) begun.push({ file, uploadId });
    uploads[file.path] = uploadId;
  }
  return { uploads, begun };
}
