import { carryOutAll } from './carry-out.ts';
import { type Carrier, createInlineCarrier } from './thread/carrier.ts';
import { settleDoubts } from './doubts.ts';
import { signsParts } from './bucket/findings.ts';
import { demandNoOthers, removeLeftovers } from './leftovers.ts';
import { type Action, adaptPlan, planActions, type WantedFile } from './plan.ts';
import { createBufferPool } from './pace/pool.ts';
import { inOrder } from './pace/turns.ts';
import { probeBucket } from './bucket/probe.ts';
import { describeEstimate, type Estimate, estimateOf, withEstimate } from './report/estimate.ts';
import { startProgress } from './report/progress.ts';
import type { Stage } from './stage.ts';
import { type Survey, surveyBucket } from './bucket/survey.ts';
import { Overtaken, type Transfer } from './transfer.ts';
import type { Wish } from './wish.ts';

export interface Moved {
  /** Bytes fetched from the Hub. */
  readonly bytes: number;
  /** Another run has committed meanwhile; what this one has not done yet it leaves. */
  readonly overtaken: boolean;
}

/** A part of the work between plan and commit. */
export interface Work {
  /** What it may have to move. */
  readonly files: readonly WantedFile[];
  /** Bytes that it has to see to, for the progress. */
  readonly bytes: number;
  /** Tells what it is going to move once it knows, before it does. */
  carryOut(transfer: Transfer, foresee: (estimate: Estimate) => void): Promise<void>;
}

/** Everything that is missing under the prefix, up to the commit. */
export function allOf({ files, place }: Wish, { params }: Stage): Work {
  return {
    files,
    bytes: totalSize(files),
    carryOut: async (transfer, foresee) => {
      const survey = await surveyBucket(files, place, transfer);
      await demandNoOthers(survey.listing, files, transfer);
      const actions = adaptPlan(planActions(files, survey, params.readBack), transfer.findings);
      foresee(estimateOf(actions));
      await finish({ files, actions, listing: survey.listing }, params.connections, transfer);
    },
  };
}

interface Left {
  readonly files: readonly WantedFile[];
  readonly actions: readonly Action[];
  /** What lies under the prefix. */
  readonly listing: Survey['listing'];
}

/** Carries out what is left, settles what is doubted, and takes away what does not belong there. */
export async function finish(
  { files, actions, listing }: Left,
  filesAtOnce: number,
  transfer: Transfer,
): Promise<void> {
  await carryOutAll(actions, filesAtOnce, transfer);
  await settleDoubts(files, transfer);
  await removeLeftovers(listing, files, transfer);
}

/** Does the work with everything that it needs, and tells when another run has made it needless. */
export async function move(work: Work, wish: Wish, stage: Stage): Promise<Moved> {
  const { source } = wish;
  const alone = createInlineCarrier({ source, bucket: stage.bucket });
  const carrier = stage.startCarrier?.(source, alone) ?? alone;
  try {
    return await moveBy(carrier, work, wish, stage);
  } finally {
    await carrier.close();
  }
}

async function moveBy(
  carrier: Carrier,
  { files, bytes, carryOut }: Work,
  wish: Wish,
  stage: Stage,
): Promise<Moved> {
  const { params, bucket, log, clock, signal, downloads, meter } = stage;
  const { place, source } = wish;
  meter?.enter('survey');
  const findings = await probeBucket({ bucket, place, log, clock, signal });
  meter?.enter('move');
  const progress = startProgress({
    log,
    clock,
    bytes,
    files: files.length,
    connections: () => downloads.limit,
    requestRetries: () => meter?.retries ?? 0,
  });
  const transfer: Transfer = {
    source,
    signal,
    bucket,
    place,
    log,
    progress,
    carrier,
    downloads,
    buffers: createBufferPool(...poolFor(files, params)),
    turns: inOrder,
    readBack: params.readBack,
    findings,
    signsParts: signsParts(params.signParts, findings),
    meter,
  };
  let estimate: Estimate | undefined;
  const foresee = (foreseen: Estimate) => {
    estimate = foreseen;
    log.info('to stage', describeEstimate(foreseen));
  };
  try {
    await carryOut(transfer, foresee);
  } catch (error) {
    if (await isOvertaken(error, transfer)) return { bytes: progress.totals.moved, overtaken: true };
    throw estimate ? withEstimate(error, estimate, progress.totals) : error;
  } finally {
    progress.stop();
    meter?.moved(progress.totals, downloads.peak);
  }
  progress.summarize('staged');
  return { bytes: progress.totals.moved, overtaken: false };
}

export function totalSize(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

const mostBuffers = 8;

/**
 * Buffers for so many connections: half as many again, so that fetching goes on while parts are uploaded. Above eight
 * several connections fill one buffer.
 */
export function buffersFor(connections: number): number {
  return Math.min(mostBuffers, Math.ceil(connections * 1.5));
}

/** Count and size: never more memory than asked for, although a very large file needs larger parts. */
function poolFor(
  files: readonly WantedFile[],
  { connections, partSize }: { readonly connections: number; readonly partSize: number },
): [count: number, size: number] {
  const size = Math.max(
    1,
    ...files.filter(({ content }) => !content).map((file) => file.partSize ?? file.size),
  );
  const budget = buffersFor(connections) * Math.max(partSize, 1);
  return [Math.max(1, Math.min(buffersFor(connections), Math.floor(budget / size))), size];
}

/** Whatever failed, it is of no account when another run has committed: it took our uploads away, or we stopped before it. */
export async function isOvertaken(
  error: unknown,
  { bucket, place, signal }: Pick<Transfer, 'bucket' | 'place' | 'signal'>,
): Promise<boolean> {
  if (error instanceof Overtaken) return true;
  if (signal.aborted) return false;
  try {
    return (await bucket.head(place.manifest, signal)) !== undefined;
  } catch {
    return false;
  }
}
