import type { UploadedPart } from '../lib/bucket.ts';
import { isGone, isOfAnotherKind } from '../lib/bucket/error.ts';
import { type Range, splitRanges } from '../lib/bucket/parts.ts';
import { messageOf } from '../lib/errors.ts';
import { type FileHash, hashInOrder } from './hash-in-order.ts';
import { fetchRange } from './pace/fetch-range.ts';
import { digestMetadata, type PendingParts, type WantedFile } from './plan.ts';
import { dropNote, putNote } from './note.ts';
import { isWithin, type Span } from './shard/share.ts';
import { readsBack } from './read-back.ts';
import { type Attempt, refuseWhenCommitted, type Transfer } from './transfer.ts';

interface Upload {
  readonly file: WantedFile;
  readonly partSize: number;
  readonly resume?: PendingParts;
  /** An object of the right size lies there that was read, and is wrong. */
  readonly replaces?: boolean | undefined;
}

/**
 * A file in parts: ranges are fetched side by side into lent buffers, hashed in order, and uploaded meanwhile. It is
 * completed only when the hash is right. A resumed upload has parts that nobody can read, so its object is completed,
 * read back once, and noted as unproven in between.
 */
export async function moveParts(
  { file, partSize, resume, replaces }: Upload,
  transfer: Transfer,
): Promise<Attempt> {
  const { bucket, signal } = transfer;
  const { checksum } = transfer.findings;
  const begun = { metadata: digestMetadata(file), checksum, signal };
  const uploadId = resume?.uploadId ?? (await bucket.createUpload(file.key, begun));
  try {
    const known = new Map(resume?.parts.map((part) => [part.partNumber, part]));
    keepKnown(known, transfer);
    const { sent, hex } = await sendParts(
      { file, uploadId, ranges: splitRanges(file.size, partSize), known },
      transfer,
    );
    const parts = [...known.values(), ...sent].sort((a, b) => a.partNumber - b.partNumber);
    const completed = { key: file.key, uploadId, parts, size: file.size, checksum };
    return hex === undefined
      ? await completeAndReadBack({ file, replaces }, completed, transfer)
      : await completeProven(hex, file, completed, transfer);
  } catch (error) {
    if (signal.aborted) throw error;
    if (isGone(error)) return { end: 'gone', seen: `the upload ${uploadId} is no longer there` };
    if (resume && isOfAnotherKind(error)) {
      // Else every run would choose it again, beside one of our own.
      await discard({ key: file.key, uploadId }, transfer);
      return { end: 'gone', seen: `the upload ${uploadId} was begun otherwise (InvalidRequest)` };
    }
    throw error;
  }
}

/**
 * Sends one span of a file's parts to an upload that other pods send to as well. It stays pending: a hash in order cannot
 * cross pods, so whoever completes it reads the object back.
 */
export async function moveSpan(
  { file, partSize, resume }: Upload & { readonly resume: PendingParts },
  span: Span,
  transfer: Transfer,
): Promise<void> {
  const ours = resume.parts.filter(({ partNumber }) => isWithin(span, partNumber));
  const known = new Map(ours.map((part) => [part.partNumber, part]));
  keepKnown(known, transfer);
  const ranges = splitRanges(file.size, partSize);
  await sendAll({ file, uploadId: resume.uploadId, ranges, known, span }, undefined, transfer);
}

function keepKnown(known: ReadonlyMap<number, UploadedPart>, { progress }: Transfer): void {
  for (const { size } of known.values()) progress.keep(size);
}

interface Parts {
  readonly file: WantedFile;
  readonly uploadId: string;
  readonly ranges: readonly Range[];
  /** Parts that are there, by number. */
  readonly known: ReadonlyMap<number, UploadedPart>;
  /** Others send what is outside of it. */
  readonly span?: Span;
}

interface Sent {
  readonly sent: UploadedPart[];
  /** The hash of the file; absent when parts are missing in the row: then nobody can hash in order. */
  readonly hex: string | undefined;
}

async function sendParts(parts: Parts, transfer: Transfer): Promise<Sent> {
  if (parts.known.size > 0) return { sent: await sendAll(parts, undefined, transfer), hex: undefined };
  const whole = hashInOrder(parts.file);
  return { sent: await sendAll(parts, whole, transfer), hex: whole.hex() };
}

/** Sends the parts that are not there. Buffers are lent in the order of the parts, so the next one to be hashed always has its own. */
async function sendAll(
  { file, uploadId, ranges, known, span }: Parts,
  whole: FileHash | undefined,
  transfer: Transfer,
): Promise<UploadedPart[]> {
  const failing = new AbortController();
  const signal = AbortSignal.any([transfer.signal, failing.signal]);
  const sending: Promise<UploadedPart>[] = [];
  let turn: Promise<void> = Promise.resolve();
  for (const [i, range] of ranges.entries()) {
    if (known.has(i + 1) || (span && !isWithin(span, i + 1))) continue;
    const previous = turn;
    const { promise: hashed, resolve: pass } = Promise.withResolvers<void>();
    turn = hashed;
    const send = async (buffer: Buffer) => {
      signal.throwIfAborted();
      const { bytes: body, crc32 } = await fetchRange(buffer, { file, ...range }, { ...transfer, signal });
      const hashing = previous.then(() => whole?.update(body)).finally(pass);
      const uploading = transfer.carrier.upload({
        key: file.key,
        uploadId,
        partNumber: i + 1,
        body,
        crc32,
        checksum: transfer.findings.checksum,
        signed: transfer.signsParts,
        signal,
      });
      return (await bothSettled(uploading, hashing))[0];
    };
    const part = transfer.buffers
      .lend(send, { turn: transfer.turns(file, range.start), signal })
      .finally(pass);
    part.catch((error: unknown) => failing.abort(error));
    sending.push(part);
  }
  await Promise.allSettled(sending);
  transfer.signal.throwIfAborted();
  if (failing.signal.aborted) throw failing.signal.reason;
  return Promise.all(sending);
}

/** The buffer is in use until both have ended, even when one has failed. */
async function bothSettled<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

type Completed = Parameters<Transfer['bucket']['completeUpload']>[0];

async function completeProven(
  hex: string,
  file: WantedFile,
  completed: Completed,
  transfer: Transfer,
): Promise<Attempt> {
  if (hex !== file.digest.hex) {
    await discard(completed, transfer);
    return { end: 'wrong-source', seen: `${file.digest.algorithm} ${hex} (${transfer.source.where})` };
  }
  await refuseWhenCommitted(transfer);
  await transfer.bucket.completeUpload({ ...completed, lookBefore: true }, transfer.signal);
  return { end: 'proven' };
}

async function completeAndReadBack(
  { file, replaces = false }: Pick<Upload, 'file' | 'replaces'>,
  completed: Completed,
  transfer: Transfer,
): Promise<Attempt> {
  const { bucket, signal } = transfer;
  const note = await putNote(file.path, completed.uploadId, transfer);
  // Looked at after the note was put: whoever has settled all doubts before has left the right one there.
  const isThere = replaces
    ? await readsBack(file, transfer)
    : (await bucket.head(file.key, signal))?.size === file.size;
  await refuseWhenCommitted(transfer);
  if (isThere && replaces) return { end: 'proven', isReadBack: true };
  if (!isThere) await bucket.completeUpload({ ...completed, lookBefore: true }, signal);
  if (await readsBack(file, transfer)) {
    // Another run may still be about to complete the same upload.
    if (!isThere) await dropNote(note, transfer);
    return { end: 'proven', isReadBack: true };
  }
  return { end: 'wrong-object', seen: `resumed upload gave other bytes (${bucket.where}, ${file.key})` };
}

/** Parts that are of no use; when that fails the first error stays, and the sweep after the commit tries again. */
async function discard(
  { key, uploadId }: Pick<Completed, 'key' | 'uploadId'>,
  { bucket, log }: Transfer,
): Promise<void> {
  try {
    await bucket.abortUpload(key, uploadId);
  } catch (error) {
    log.warn('cannot remove the pending upload', {
      key,
      uploadId,
      error: messageOf(error),
    });
  }
}
