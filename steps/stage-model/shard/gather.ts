import { splitRanges } from '../../lib/bucket/parts.ts';
import { StepError } from '../../lib/errors.ts';
import type { Findings } from '../bucket/findings.ts';
import { finish, totalSize, type Work } from '../move.ts';
import { type Action, adaptPlan, fittingParts, planActions, type WantedFile } from '../plan.ts';
import { estimateOf } from '../report/estimate.ts';
import type { ShardPlan } from './shard-plan.ts';
import { isWithin } from './share.ts';
import { startPhase } from './start-phase.ts';
import type { Stage } from '../stage.ts';
import { type Survey, surveyBucket } from '../bucket/survey.ts';
import type { Wish } from '../wish.ts';

/**
 * What is left when all shards have moved their shares: complete the files that several of them have sent, read those
 * back, and look at everything as a run alone does before its commit. Refuses when anything is still to be moved.
 */
export function gather(
  plan: ShardPlan,
  /** Indexes, from 0, of the shards that have read back what they had to. */
  proven: ReadonlySet<number>,
  { files, place }: Wish,
  { params, bucket, signal }: Stage,
): Work {
  const owners = ownersOf(plan);
  const isProven = ({ path }: WantedFile) => proven.has(owners.get(path) ?? -1);
  const look = async (findings: Findings) => {
    const survey = onlyPlanned(await surveyBucket(files, place, { bucket, signal }), plan, files);
    const rest = files.filter((file) => !isProven(file));
    const planned = [
      ...planActions(files.filter(isProven), survey, 'auto'),
      ...planActions(rest, survey, params.readBack),
    ];
    // What this server does not copy from another commit is missing like any other.
    const actions = adaptPlan(planned, findings);
    return { survey, actions, debts: actions.flatMap((action) => debtsOf(action, plan)) };
  };
  return {
    files,
    bytes: totalSize(files),
    carryOut: async (transfer, foresee) => {
      let { survey, actions, debts } = await look(transfer.findings);
      while (debts.length > 0) {
        // Another run may complete a file between our listing of objects and that of its parts; then it is there next time.
        const before = new Set(debts.map(({ file }) => file));
        ({ survey, actions, debts } = await look(transfer.findings));
        if (debts.some(({ file }) => before.has(file))) throw owing(debts, plan, { bucket, place });
      }
      foresee(estimateOf(actions));
      await finish({ files, actions, listing: survey.listing }, params.connections, transfer);
    },
  };
}

/**
 * Of a file that several shards send only the upload of the plan counts, and of that the parts that fit: a late pod of an
 * older plan, which had this upload too, may have sent others.
 */
function onlyPlanned(survey: Survey, { uploads }: ShardPlan, files: readonly WantedFile[]): Survey {
  const pending = new Map(survey.pending);
  for (const file of files) {
    const uploadId = uploads[file.path];
    if (uploadId === undefined) continue;
    const planned = (pending.get(file.key) ?? []).filter((upload) => upload.uploadId === uploadId);
    pending.set(
      file.key,
      planned.map((upload) => ({ ...upload, parts: fittingParts(file, upload.parts) })),
    );
  }
  return { ...survey, pending };
}

/** By path: who sees to a whole file. */
function ownersOf({ shares }: ShardPlan): Map<string, number> {
  return new Map(shares.flatMap(({ files }, i) => files.map((path) => [path, i] as const)));
}

function owing(
  debts: readonly Debt[],
  plan: ShardPlan,
  { bucket, place }: Pick<Stage, 'bucket'> & Pick<Wish, 'place'>,
): StepError {
  const count = plan.shares.length;
  const shards = [...new Set(debts.map(({ shard }) => shard))].sort((a, b) => a - b);
  return new StepError(
    'not-ready',
    `nothing was committed: ${shards.length} of ${count} shards have not moved their share`,
    {
      evidence: debts.map(
        ({ what, shard }) =>
          `${what}: shard ${shard + 1}/${count} owes it (${bucket.where}, ${place.prefix})`,
      ),
      hint: `${startPhase('move', { shard: `${(shards[0] ?? 0) + 1}/${count}`, revision: place.commit })}   (each of ${shards.map((shard) => `${shard + 1}/${count}`).join(', ')}, then phase commit again)`,
    },
  );
}

interface Debt {
  /** Its path. */
  readonly file: string;
  readonly what: string;
  readonly shard: number;
}

function debtsOf(action: Action, { shares, uploads }: ShardPlan): Debt[] {
  const { file } = action;
  // What is there already, or under another commit to be copied, nobody owes.
  if (action.kind !== 'move') return [];
  return shares.flatMap(({ files, spans }, shard): Debt[] => {
    if (files.includes(file.path)) return [{ file: file.path, what: `${file.path} is missing`, shard }];
    const there = new Set(action.resume?.parts.map(({ partNumber }) => partNumber));
    const total = splitRanges(file.size, file.partSize ?? file.size).length;
    return spans
      .filter(({ path }) => path === file.path)
      .flatMap((span) => {
        const missing = Array.from({ length: total }, (_, i) => i + 1).filter(
          (partNumber) => isWithin(span, partNumber) && !there.has(partNumber),
        );
        if (missing.length === 0) return [];
        const what = `${file.path} lacks ${rows(missing)} of ${total} parts in the upload ${uploads[file.path]}`;
        return [{ file: file.path, what, shard }];
      });
  });
}

/** `3`, `5-8`: numbers in a row as one. */
function rows(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const row = found.at(-1);
    if (row && row[1] === number - 1) row[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}
