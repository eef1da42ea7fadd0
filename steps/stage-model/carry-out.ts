import { forEachAtOnce } from '../lib/at-once.ts';
import { messageOf, StepError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import { wrongBytes } from './policy/inspect.ts';
import { findUpload } from './bucket/survey.ts';
import { moveParts } from './move-parts.ts';
import { moveWhole } from './move-whole.ts';
import { putNote } from './note.ts';
import { type Action, digestMetadata, type PendingParts, type WantedFile } from './plan.ts';
import { lastTwoTogether, type Turns } from './pace/turns.ts';
import type { Progress } from './report/progress.ts';
import { readsBack } from './read-back.ts';
import { type Attempt, Overtaken, refuseWhenCommitted, type Transfer } from './transfer.ts';

/** How often one file may meet each mishap before it ends the run; another run at work may take our upload away more often. */
const patience = { 'wrong-source': 3, 'wrong-object': 3, gone: 5 } as const;

/** Brings every file to its key by its action, `filesAtOnce` side by side. */
export async function carryOutAll(
  actions: readonly Action[],
  filesAtOnce: number,
  transfer: Transfer,
): Promise<void> {
  const turns = turnsOf(actions);
  await forEachAtOnce(
    actions,
    filesAtOnce,
    async (action, signal) => {
      const { kind, file } = action;
      const done = transfer.meter?.begin({ path: file.path, bytes: file.size, action: kind });
      await carryOut(action, { ...transfer, turns, signal });
      done?.();
      transfer.progress.totals.filesDone += 1;
    },
    transfer.signal,
  );
}

/** Of the files that have bytes to move. */
export function turnsOf(actions: readonly Action[]): Turns {
  return lastTwoTogether(actions.filter(hasToMove).map(({ file }) => file));
}

function hasToMove(action: Action): boolean {
  if (action.kind !== 'move') return false;
  const { file, resume } = action;
  return file.partSize === undefined || (resume?.parts.length ?? 0) < Math.ceil(file.size / file.partSize);
}

export async function carryOut(action: Action, transfer: Transfer): Promise<void> {
  const { file } = action;
  switch (action.kind) {
    case 'skip':
      return transfer.progress.keep(file.size);
    case 'prove':
      return (await mend(file, transfer)) ? undefined : transfer.progress.keep(file.size);
    case 'copy':
      if (await copy(file, action.from, transfer)) return;
      return moveFile(file, {}, transfer);
    case 'move':
      return moveFile(file, { resume: action.resume }, transfer);
  }
}

/**
 * Replaces the object where it reads back wrong, and tells whether it did. It is never deleted first, since another run
 * may have put the right one in its place meanwhile; until then a note says not to believe its metadata.
 */
export async function mend(file: WantedFile, transfer: Transfer): Promise<boolean> {
  if (await isAsWritten(file, transfer)) return false;
  const resume = await findUpload(file, transfer.bucket, transfer.signal);
  await moveFile(file, { resume, replaces: true }, transfer);
  return true;
}

async function isAsWritten(file: WantedFile, transfer: Transfer): Promise<boolean> {
  if (await readsBack(file, transfer)) return true;
  transfer.log.warn('replacing an object with other bytes', { key: file.key });
  await putNote(file.path, 'read back wrong', transfer);
  return false;
}

/** False when the server cannot, or gave something else: then the bytes travel. */
async function copy(
  file: WantedFile,
  from: Extract<Action, { kind: 'copy' }>['from'],
  transfer: Transfer,
): Promise<boolean> {
  const { bucket, signal, log, progress } = transfer;
  try {
    await refuseWhenCommitted(transfer);
    await bucket.copy(from, file.key, { metadata: digestMetadata(file), signal });
    const copied = await bucket.head(file.key, signal);
    if (copied?.size !== file.size) throw new Error(`the copy has ${copied?.size ?? 'no'} bytes`);
    if (transfer.readBack === 'always' && !(await isAsWritten(file, transfer)))
      throw new Error('the copy has other bytes');
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Overtaken) throw error;
    log.warn('cannot copy inside the bucket, moving it instead', {
      path: file.path,
      error: messageOf(error),
    });
    return false;
  }
  progress.totals.copied += file.size;
  progress.advance(file.size);
  return true;
}

/** What a move goes on with: a pending upload, and whether it may complete over an object that was read wrong. */
interface Begun {
  readonly resume?: PendingParts | undefined;
  readonly replaces?: boolean | undefined;
}

/** Moves a file until its bytes are proven, or one kind of mishap has come too often. */
async function moveFile(file: WantedFile, begun: Begun, transfer: Transfer): Promise<void> {
  const { progress, log } = transfer;
  const wrong: Extract<Attempt, { seen: string }>[] = [];
  for (let from = begun; ; from = {}) {
    const tally = countedProgress(progress);
    const attempt = await attemptMove(file, from, { ...transfer, progress: tally.progress });
    if (attempt.end === 'proven') return;
    wrong.push(attempt);
    const sameMishap = wrong.filter(({ end }) => end === attempt.end).length;
    if (sameMishap === patience[attempt.end]) throw wrongForGood(file, wrong, transfer);
    log.warn('file starts afresh', { path: file.path, seen: attempt.seen });
    progress.totals.retries += 1;
    tally.takeBack();
  }
}

async function attemptMove(
  file: WantedFile,
  { resume, replaces }: Begun,
  transfer: Transfer,
): Promise<Attempt> {
  const { partSize } = file;
  const attempt =
    partSize === undefined
      ? await moveWhole(file, transfer)
      : await moveParts({ file, partSize, ...(resume && { resume, replaces }) }, transfer);
  if (attempt.end !== 'proven' || attempt.isReadBack || transfer.readBack === 'auto') return attempt;
  return (await isAsWritten(file, transfer))
    ? attempt
    : { end: 'wrong-object', seen: `other bytes came back from ${transfer.bucket.name}/${file.key}` };
}

function wrongForGood(
  file: WantedFile,
  wrong: readonly Extract<Attempt, { seen: string }>[],
  transfer: Transfer,
): StepError {
  const seen = wrong.map(({ seen }, i) => `transfer ${i + 1}: ${seen}`);
  if (wrong.some(({ end }) => end === 'wrong-source')) return wrongBytes(file, transfer, seen);
  const { bucket } = transfer;
  return new StepError('check', `${file.path} does not stay in the bucket as it was written`, {
    evidence: [`wanted: ${file.digest.algorithm} ${file.digest.hex} (${bucket.where}, ${file.key})`, ...seen],
    hint: `aws s3api head-object --bucket ${bucket.name} --key ${shellWord(file.key)}   (does somebody else write there, or does a lifecycle rule remove it?)`,
  });
}

function countedProgress(progress: Progress): { progress: Progress; takeBack(): void } {
  let [advanced, kept] = [0, 0];
  const advance = (bytes: number) => {
    advanced += bytes;
    progress.advance(bytes);
  };
  const keep = (bytes: number) => {
    kept += bytes;
    progress.keep(bytes);
  };
  const takeBack = () => {
    progress.advance(-advanced);
    progress.keep(-kept);
  };
  return { progress: { ...progress, advance, keep }, takeBack };
}
