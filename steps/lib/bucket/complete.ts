import { CompleteMultipartUploadCommand } from '@aws-sdk/client-s3';
import type { CompletedUpload, ObjectHead, UploadChecksum, UploadedPart } from '../bucket.ts';
import { combineCrc32 } from './crc32.ts';
import { BucketError, isAbsent } from './error.ts';
import { md5 } from './md5.ts';
import { headObject } from './objects.ts';
import { abortBy, type Session } from './session.ts';

/**
 * Completes an upload, with the CRC-32 of the whole for servers that check it, and looks at what became of it. The answer
 * may be lost on its way (a 504 of a router, a broken connection), and a second request is then told NoSuchUpload: the
 * object itself decides, by its size and its ETag. That is known beforehand where the server makes it of MD5s; elsewhere
 * it is at least not the one of before.
 */
export async function completeUpload(
  session: Session,
  upload: CompletedUpload,
  signal?: AbortSignal,
): Promise<void> {
  const { client, bucket, log } = session;
  const { key, uploadId, checksum = 'whole' } = upload;
  const parts = upload.parts.toSorted((a, b) => a.partNumber - b.partNumber);
  demandSum(session, upload);
  const etag = md5OfMd5s(parts);
  const before = upload.lookBefore && etag === undefined ? await headObject(session, key, signal) : undefined;
  const command = new CompleteMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    UploadId: uploadId,
    MultipartUpload: { Parts: parts.map((part) => describePart(part, checksum)) },
    ...(checksum === 'whole' && describeWhole(parts)),
  });
  const asked = { what: `completion of ${key}`, right: 's3:PutObject' };
  let lost: BucketError | undefined;
  try {
    await session.attempt(asked, () => client.send(command, abortBy(signal)), signal);
  } catch (error) {
    if (!(error instanceof BucketError) || !mayBeDone(error)) throw error;
    lost = error;
  }
  const object = await headObject(session, key, signal);
  if (lost && !isOurs(object, { size: upload.size, etag, before })) throw lost;
  if (lost) log.warn('completed, though the answer was lost', { key, because: lost.code || lost.status });
  demandSize(session, upload, object);
}

function describePart({ partNumber, etag, checksum }: UploadedPart, of: UploadChecksum) {
  return {
    PartNumber: partNumber,
    ETag: `"${etag}"`,
    ...(of !== 'none' && checksum !== undefined && { ChecksumCRC32: checksum }),
  };
}

function describeWhole(parts: readonly UploadedPart[]) {
  const whole = combineCrc32(parts);
  return whole === undefined ? {} : { ChecksumCRC32: whole, ChecksumType: 'FULL_OBJECT' as const };
}

function mayBeDone(error: BucketError): boolean {
  return error.code === 'NoSuchUpload' || isAbsent(error) || error.failure === 'unavailable';
}

interface Expected {
  readonly size: number;
  readonly etag: string | undefined;
  readonly before: ObjectHead | undefined;
}

/** What is in doubt counts as not ours: to move it again only takes time, to commit it might serve other bytes. */
function isOurs(object: ObjectHead | undefined, { size, etag, before }: Expected): boolean {
  if (object?.size !== size) return false;
  return etag === undefined ? object.etag !== before?.etag : object.etag === etag;
}

/** The ETag that S3 gives an object of these parts; undefined where their own ETags are no MD5s, or we have none. */
function md5OfMd5s(parts: readonly UploadedPart[]): string | undefined {
  if (!parts.every(({ etag }) => /^[0-9a-f]{32}$/.test(etag))) return undefined;
  const digest = md5(Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex'))));
  return digest && `${digest.toString('hex')}-${parts.length}`;
}

function demandSum({ where }: Session, { key, parts, size }: CompletedUpload): void {
  const sum = parts.reduce((sum, part) => sum + part.size, 0);
  if (sum === size) return;
  throw new BucketError('check', `the parts of ${key} do not add up to its size`, {
    evidence: [`${parts.length} parts with ${sum} bytes, expected ${size} (${where})`],
    hint: 'run it again: the file starts anew, nothing of it is visible yet',
    code: 'PartsMismatch',
    status: 0,
  });
}

function demandSize(
  { where }: Session,
  { key, size }: CompletedUpload,
  object: ObjectHead | undefined,
): void {
  if (object?.size === size) return;
  throw new BucketError('check', `${key} was corrupted on transfer to ${where}`, {
    evidence: [
      `${object ? `${object.size} bytes` : 'nothing'} where ${size} bytes were completed (S3, HEAD ${key})`,
    ],
    hint: 'run it again: it replaces the object. If it recurs, look for a second run or a lifecycle rule on the prefix',
    code: 'SizeMismatch',
    status: object ? 200 : 404,
  });
}
