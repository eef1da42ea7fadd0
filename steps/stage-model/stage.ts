import type { Bucket } from '../lib/bucket.ts';
import type { PartLimits } from '../lib/bucket/parts.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { readManifest, type StoredManifest } from '../lib/manifest.ts';
import type { Clock } from '../lib/retry.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import { demandUnmasked } from '../lib/unmasked.ts';
import type { Carrier } from './thread/carrier.ts';
import { findStagedWithout } from './staged-without-source.ts';
import { commit, demandAsStaged, demandSameFiles } from './commit.ts';
import type { Downloads } from './pace/downloads.ts';
import type { Meter } from './report/meter.ts';
import { publishMetrics, tellMetrics } from './report/metrics.ts';
import { allOf, buffersFor, isOvertaken, move } from './move.ts';
import type { Origin, Source } from './source/origin.ts';
import { readPhase } from './shard/phase.ts';
import { demandNoOthers } from './leftovers.ts';
import { familyOf } from './place.ts';
import { type Action, planActions } from './plan.ts';
import { demandBytesAsStaged } from './demand-bytes-as-staged.ts';
import { formatBytes } from './report/progress.ts';
import { gatherShards, moveShard, planShards } from './shard/sharded.ts';
import { shardNames } from './shard/share.ts';
import type { spec } from './spec.ts';
import { refusalsLifted } from './policy/review.ts';
import { surveyBucket } from './bucket/survey.ts';
import { sweep } from './sweep.ts';
import { renderTable } from './report/table.ts';
import { demandPolicy, demandReviewed, demandStoredPolicy, makeWish, manifestOf, type Wish } from './wish.ts';

type StageResults = ResultsOf<typeof spec>;

export interface Stage {
  readonly params: ParamsOf<typeof spec>;
  readonly origin: Origin;
  readonly bucket: Bucket;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where the vocabulary of the image may lie. */
  readonly vocabularyPlaces: readonly URL[];
  /** Other limits than S3's, for servers that have them and for tests. */
  readonly limits?: PartLimits;
  /** Counts what is done; metrics need one. */
  readonly meter?: Meter;
  readonly downloads: Downloads;
  /** A carrier that may start threads which read this source and write to the bucket; where it is absent, `alone` does it all in this one. */
  readonly startCarrier?: (source: Source, alone: Carrier) => Carrier;
}

/**
 * Brings one commit of a model into the bucket: resolve, list, judge, plan, move, prove, and the manifest last. A commit
 * that is staged already is only compared with its manifest. Of several pods each does a phase of it.
 */
export async function stageModel(stage: Stage): Promise<StageResults> {
  const { params, log } = stage;
  demandMemory(params);
  demandUnmasked({ prefix: familyOf(params) }, log);
  const pods = readPhase(params);
  stage.meter?.enter('resolve');
  let wish: Wish;
  try {
    wish = await makeWish(stage);
  } catch (error) {
    const { place, stored } = await findStagedWithout(error, stage);
    return resultsOf({ place }, stored, { bytes: 0, outcome: 'unchanged' }, stage);
  }
  const { place } = wish;
  demandUnmasked({ revision: place.commit, prefix: place.prefix }, log);
  log.info('resolved', { model: params.model, revision: params.revision, commit: place.commit });
  try {
    return await stageWish(wish, pods, stage);
  } catch (error) {
    tellMetrics({ metrics: params.metrics, meter: stage.meter, place, log });
    throw error;
  }
}

async function stageWish(
  wish: Wish,
  { count, shard }: ReturnType<typeof readPhase>,
  stage: Stage,
): Promise<StageResults> {
  const { params, bucket, signal } = stage;
  const { place } = wish;
  const committed = await readManifest(bucket, place.manifest, signal);
  if (params.dryRun) return show(wish, committed, stage);
  if (committed) return answerStaged(committed, wish, stage, 0);
  stage.meter?.enter('policy');
  try {
    if (params.phase === 'plan') {
      await planShards(wish, count, stage);
      return resultsOf(wish, undefined, { bytes: 0, outcome: 'ok' }, stage);
    }
    if (shard) return await answerMoved(await moveShard(wish, shard, stage), wish, stage);
    return await moveAndCommit(wish, count, stage);
  } catch (error) {
    // Another run's commit takes the plan away; then there is nothing more to do.
    const overtaken = params.phase !== 'all' && (await isOvertaken(error, { bucket, place, signal }));
    if (overtaken) return answerOvertaken(wish, stage, 0);
    throw error;
  }
}

async function moveAndCommit(wish: Wish, count: number, stage: Stage): Promise<StageResults> {
  const lifted = await demandPolicy(wish, stage);
  const { work, before } =
    stage.params.phase === 'commit'
      ? await gatherShards(wish, count, stage)
      : { work: allOf(wish, stage), before: 0 };
  const moved = await move(work, wish, stage);
  const bytes = before + moved.bytes;
  if (moved.overtaken) return answerOvertaken(wish, stage, bytes);
  stage.meter?.enter('commit');
  const policy = await demandStoredPolicy(wish, lifted, stage);
  const store = { ...stage, place: wish.place };
  const stored = await commit(manifestOf(wish, policy), store);
  await sweep(store, stage.clock.now(), stage.params.expireUploads);
  stage.log.info('committed', { manifest: stored.key, sha256: stored.digest });
  return resultsOf(wish, stored, { bytes, outcome: 'ok' }, stage);
}

function answerMoved(
  { bytes, overtaken, done }: Awaited<ReturnType<typeof moveShard>>,
  wish: Wish,
  stage: Stage,
): Promise<StageResults> {
  if (overtaken) return answerOvertaken(wish, stage, bytes);
  return resultsOf(wish, undefined, { bytes, outcome: done ? 'unchanged' : 'ok' }, stage);
}

/** Nothing is written under the prefix of a commit: it is as it was staged, or the run fails. */
async function answerStaged(
  committed: StoredManifest,
  wish: Wish,
  stage: Stage,
  bytes: number,
): Promise<StageResults> {
  const store = { ...stage, place: wish.place };
  await demandCommitted(committed, wish, stage);
  await sweep(store, stage.clock.now(), stage.params.expireUploads);
  stage.log.info('already staged', { manifest: committed.key, sha256: committed.digest });
  return resultsOf(wish, committed, { bytes, outcome: 'unchanged' }, stage);
}

/** Whether what is committed is what is wanted, and lies there as it was committed; with --read-back=always its bytes too. */
async function demandCommitted({ manifest }: StoredManifest, wish: Wish, stage: Stage): Promise<void> {
  demandReviewed([...wish.refusals, ...refusalsLifted(manifest.policy, wish)], stage);
  demandSameFiles(manifest, manifestOf(wish, []), stage.bucket);
  await demandAsStaged(manifest, { ...stage, place: wish.place });
  if (stage.params.readBack === 'always') await demandBytesAsStaged(wish.files, wish.place.manifest, stage);
}

async function answerOvertaken(wish: Wish, stage: Stage, bytes: number): Promise<StageResults> {
  const committed = await readManifest(stage.bucket, wish.place.manifest, stage.signal);
  if (committed) return answerStaged(committed, wish, stage, bytes);
  throw new StepError('unavailable', 'another run committed this revision, and its marker is gone again', {
    evidence: [`NoSuchKey (${stage.bucket.where}, GET ${wish.place.manifest})`],
    hint: 'run it again once nobody else changes the state of this model',
  });
}

async function show(wish: Wish, committed: StoredManifest | undefined, stage: Stage): Promise<StageResults> {
  const { params, bucket, log, signal } = stage;
  if (committed) await demandCommitted(committed, wish, stage);
  const survey = await surveyBucket(wish.files, wish.place, { bucket, signal });
  const actions = committed
    ? wish.files.map((file): Action => ({ kind: 'skip', file, why: 'is committed' }))
    : planActions(wish.files, survey, params.readBack);
  const listed = survey.listing.map(({ key }) => key);
  for (const line of renderTable(actions, wish.ignored, listed)) log.info(line);
  if (!committed) {
    await demandPolicy(wish, stage);
    await demandNoOthers(survey.listing, wish.files, { ...stage, place: wish.place });
  }
  const toMove = actions.filter(({ kind }) => kind === 'move').reduce((sum, { file }) => sum + file.size, 0);
  log.info('dry run: nothing was touched', {
    prefix: wish.place.prefix,
    'to-move': formatBytes(toMove),
    committed: committed !== undefined,
  });
  return resultsOf(wish, committed, { bytes: 0, outcome: 'unchanged' }, stage);
}

async function resultsOf(
  { place }: Pick<Wish, 'place'>,
  stored: StoredManifest | undefined,
  { bytes, outcome }: { readonly bytes: number; readonly outcome: StageResults['outcome'] },
  stage: Stage,
): Promise<StageResults> {
  const others = {
    revision: place.commit,
    prefix: place.prefix,
    bytesMoved: String(bytes),
    manifestDigest: stored?.digest ?? '',
    shards: shardNames(readPhase(stage.params).count),
    outcome,
  };
  const { metrics, phase, shard } = stage.params;
  return {
    ...others,
    metrics: await publishMetrics({
      ...stage,
      metrics,
      phase,
      shard,
      meter: stage.meter,
      outcome,
      place,
      others,
    }),
  };
}

/** Bytes of all buffers together; the Task's memory limit leaves room for twice that. */
const memoryLimit = 512 * 2 ** 20;

function demandMemory({ connections, partSize }: Stage['params']): void {
  const bytes = buffersFor(connections) * partSize;
  if (bytes <= memoryLimit) return;
  throw new StepError('usage', 'more memory for buffers than the Task has', {
    evidence: [
      `--connections=${connections} take ${buffersFor(connections)} buffers of --part-size ${partSize} bytes: ${bytes}, the most is ${memoryLimit}`,
    ],
    hint: 'choose fewer --connections or a smaller --part-size',
  });
}
