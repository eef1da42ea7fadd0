import { CopyObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import { forEachAtOnce } from '../at-once.ts';
import type { BucketObject, ObjectHead, UploadedPart } from '../bucket.ts';
import { messageOf } from '../errors.ts';
import { completeUpload } from './complete.ts';
import { headObject } from './objects.ts';
import { partSizeFor, type Range, s3Limits, splitRanges } from './parts.ts';
import { abortBy, type Session, unquote } from './session.ts';
import { abortUpload, createUpload } from './uploads.ts';

/** Bytes; S3's own limits unless told. */
export interface CopyLimits {
  /** CopyObject takes no larger object. */
  readonly largest: number;
  /** What one UploadPartCopy takes where the object has fewer than 10,000 of them. */
  readonly part: number;
}

export const copyLimits: CopyLimits = { largest: s3Limits.maxPartSize, part: 512 * 2 ** 20 };
const atOnce = 4;

interface CopyOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

interface Copy extends CopyOptions {
  readonly from: ObjectHead | BucketObject;
  readonly toKey: string;
}

/** Copies inside the bucket, on the server; only the object that was looked at (If-Match), not one that took its place. */
export async function copyObject(session: Session, copy: Copy, limits: CopyLimits): Promise<void> {
  if (copy.from.size > limits.largest) return await copyByParts(session, copy, limits);
  const { metadata, signal } = copy;
  const command = new CopyObjectCommand({
    Bucket: session.bucket,
    Key: copy.toKey,
    ...sourceOf(session, copy),
    ...(metadata && { MetadataDirective: 'REPLACE' as const, Metadata: { ...metadata } }),
  });
  await session.attempt(asking(copy), () => session.client.send(command, abortBy(signal)), signal);
}

async function copyByParts(session: Session, copy: Copy, limits: CopyLimits): Promise<void> {
  const { from, toKey, signal } = copy;
  const metadata = copy.metadata ?? (await headObject(session, from.key, signal))?.metadata;
  const uploadId = await createUpload(session, toKey, {
    checksum: 'none',
    ...(metadata && { metadata }),
    ...(signal && { signal }),
  });
  try {
    const parts = await copyRanges(session, copy, uploadId, numberRanges(from.size, limits.part));
    const completed = { key: toKey, uploadId, parts, size: from.size, checksum: 'none' as const };
    await completeUpload(session, completed, signal);
  } catch (error) {
    await abortQuietly(session, toKey, uploadId);
    throw error;
  }
}

interface NumberedRange extends Range {
  readonly partNumber: number;
}

/** The parts of a copy, numbered. */
export function numberRanges(size: number, part: number): NumberedRange[] {
  const ranges = splitRanges(size, partSizeFor(size, part) ?? size);
  return ranges.map((range, i) => ({ partNumber: i + 1, ...range }));
}

async function copyRanges(
  session: Session,
  copy: Copy,
  uploadId: string,
  ranges: readonly NumberedRange[],
): Promise<UploadedPart[]> {
  const parts: UploadedPart[] = [];
  await forEachAtOnce(
    ranges,
    atOnce,
    async (range, signal) => {
      parts.push(await copyRange(session, { ...copy, signal }, uploadId, range));
    },
    copy.signal ?? new AbortController().signal,
  );
  return parts;
}

async function copyRange(
  session: Session,
  copy: Copy,
  uploadId: string,
  { partNumber, start, end }: NumberedRange,
): Promise<UploadedPart> {
  const command = new UploadPartCopyCommand({
    Bucket: session.bucket,
    Key: copy.toKey,
    UploadId: uploadId,
    PartNumber: partNumber,
    ...sourceOf(session, copy),
    CopySourceRange: `bytes=${start}-${end - 1}`,
  });
  const asked = asking(copy, `, part ${partNumber}`);
  const send = () => session.client.send(command, abortBy(copy.signal));
  const { CopyPartResult } = await session.attempt(asked, send, copy.signal);
  return { partNumber, etag: unquote(CopyPartResult?.ETag), size: end - start };
}

/** The error that brought us here matters; the upload that stays is swept by a later run. */
async function abortQuietly(session: Session, key: string, uploadId: string): Promise<void> {
  try {
    await abortUpload(session, key, uploadId);
  } catch (error) {
    session.log.warn('a pending upload stays behind', {
      key,
      'upload-id': uploadId,
      because: messageOf(error),
    });
  }
}

function sourceOf({ bucket }: Session, { from }: Copy) {
  const key = from.key.split('/').map(encodeURIComponent).join('/');
  return { CopySource: `${bucket}/${key}`, CopySourceIfMatch: `"${from.etag}"` };
}

function asking({ from, toKey }: Copy, part = '') {
  return { what: `copy of ${from.key} to ${toKey}${part}`, right: 's3:GetObject and s3:PutObject' };
}
