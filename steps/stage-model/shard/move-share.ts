import { forEachAtOnce } from '../../lib/at-once.ts';
import { isGone, isOfAnotherKind } from '../../lib/bucket/error.ts';
import { StepError } from '../../lib/errors.ts';
import { carryOut, turnsOf } from '../carry-out.ts';
import { moveSpan } from '../move-parts.ts';
import { totalSize, type Work } from '../move.ts';
import { type Action, adaptPlan, carriesDigest, planActions, type WantedFile } from '../plan.ts';
import { type Estimate, estimateOf, sumUp } from '../report/estimate.ts';
import type { Meter } from '../report/meter.ts';
import { type ShardPlan } from './shard-plan.ts';
import type { Shard } from './shard-note.ts';
import { isWithin, type Span } from './share.ts';
import { startPhase } from './start-phase.ts';
import type { Stage } from '../stage.ts';
import { type Survey, surveyBucket } from '../bucket/survey.ts';
import type { Transfer } from '../transfer.ts';
import type { Wish } from '../wish.ts';

interface CutFile {
  readonly file: WantedFile;
  readonly partSize: number;
  readonly uploadId: string;
  readonly span: Span;
}

/** One shard's share of the plan: its own files as in a run alone, and its spans of the files that are cut. */
export function shareOf(plan: ShardPlan, { index, count }: Shard, wish: Wish, stage: Stage): Work {
  const { params } = stage;
  const share = plan.shares[index - 1];
  const paths = new Set(share?.files);
  const own = wish.files.filter(({ path }) => paths.has(path));
  const cut = (share?.spans ?? []).flatMap(({ path, ...span }): CutFile[] => {
    const file = wish.files.find((wanted) => wanted.path === path);
    const uploadId = plan.uploads[path];
    return file?.partSize === undefined || uploadId === undefined
      ? []
      : [{ file, partSize: file.partSize, uploadId, span }];
  });
  return {
    files: [...own, ...cut.map(({ file }) => file)],
    bytes: totalSize(own) + totalSize(cut.map(spanSize)),
    carryOut: async (transfer, foresee) => {
      const files = [...own, ...cut.map(({ file }) => file)];
      const survey = await surveyBucket(files, wish.place, transfer);
      const actions = adaptPlan(planActions(own, survey, params.readBack), transfer.findings);
      foresee(sumUp([estimateOf(actions), ...cut.map((each) => estimateCut(each, survey))]));
      const turns = turnsOf(actions);
      await forEachAtOnce(
        [...cut, ...actions],
        params.connections,
        async (item, signal) => {
          const rest = { ...transfer, turns, signal };
          const done = transfer.meter?.begin(rowOf(item));
          await ('kind' in item ? carryOut(item, rest) : moveCut(item, count, rest));
          done?.();
          transfer.progress.totals.filesDone += 1;
        },
        transfer.signal,
      );
    },
  };
}

function estimateCut(cut: CutFile, { stored, pending }: Survey): Estimate {
  const { file, uploadId, span } = cut;
  const { size } = spanSize(cut);
  const upload = (pending.get(file.key) ?? []).find((each) => each.uploadId === uploadId);
  const sent = (upload?.parts ?? []).filter(({ partNumber }) => isWithin(span, partNumber));
  const there = stored.has(file.key) ? size : totalSize(sent);
  return { toMove: size - there, toCopy: 0, there };
}

/** For the metrics; of a file that is cut, what this shard has of it. */
function rowOf(item: Action | CutFile): Parameters<Meter['begin']>[0] {
  const { path, size } = item.file;
  return 'kind' in item
    ? { path, bytes: size, action: item.kind }
    : { path, bytes: spanSize(item).size, action: 'move' };
}

function spanSize({ file, partSize, span: { first, last } }: CutFile): { size: number } {
  return { size: Math.min(file.size, last * partSize) - (first - 1) * partSize };
}

/** Sends the parts that are not there yet. The upload is gone when another run has completed it, and then the object is there. */
async function moveCut(cut: CutFile, count: number, transfer: Transfer): Promise<void> {
  const { file, partSize, uploadId, span } = cut;
  if (await isThere(file, transfer)) return transfer.progress.keep(spanSize(cut).size);
  try {
    const parts = (await transfer.bucket.listParts(file.key, uploadId, transfer.signal)).filter(
      ({ partNumber, size }) =>
        size === spanSize({ ...cut, span: { first: partNumber, last: partNumber } }).size,
    );
    await moveSpan({ file, partSize, resume: { uploadId, parts } }, span, transfer);
  } catch (error) {
    const isAnother = isOfAnotherKind(error);
    if (transfer.signal.aborted || !(isAnother || isGone(error))) throw error;
    if (await isThere(file, transfer)) return;
    const { bucket, place } = transfer;
    // Without it the next plan opens one of our own.
    if (isAnother) await bucket.abortUpload(file.key, uploadId);
    throw new StepError('not-ready', `the upload that the plan has for ${file.path} is gone`, {
      evidence: [
        `${isAnother ? 'InvalidRequest' : 'NoSuchUpload'} ${uploadId} (${bucket.where}, ${file.key})`,
      ],
      hint: `${startPhase('plan', { shards: String(count), revision: place.commit })}   (plans anew what is missing; a lifecycle rule may have removed it)`,
      cause: error,
    });
  }
}

async function isThere(file: WantedFile, { bucket, signal }: Transfer): Promise<boolean> {
  const object = await bucket.head(file.key, signal);
  return object !== undefined && carriesDigest(object, file);
}
