import { Readable } from 'node:stream';
import { AbortMultipartUploadCommand, CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import type { PartUpload, UploadedPart, UploadOptions } from '../bucket.ts';
import { ask } from './client.ts';
import { isUploadGone } from './error.ts';
import type { PartDigest, PartSender } from './part-sender.ts';
import type { PartRequest } from './send-part.ts';
import { abortBy, type Session, unquote } from './session.ts';

export async function createUpload(
  session: Session,
  key: string,
  { metadata, signal, checksum = 'whole' }: UploadOptions = {},
): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    Bucket: session.bucket,
    Key: key,
    // A part may carry a checksum only when its upload declares it. With the type for whole objects, completing does not
    // depend on the parts' own, which SeaweedFS demands otherwise though it does not list them.
    ...(checksum !== 'none' && { ChecksumAlgorithm: 'CRC32' as const }),
    ...(checksum === 'whole' && { ChecksumType: 'FULL_OBJECT' as const }),
    ...(metadata && { Metadata: { ...metadata } }),
  });
  const asked = { what: `start of an upload to ${key}`, right: 's3:PutObject' };
  const { UploadId } = await session.attempt(
    asked,
    () => session.client.send(command, abortBy(signal)),
    signal,
  );
  if (!UploadId) throw session.explain(asked, new Error('the answer has no UploadId'));
  return UploadId;
}

export async function uploadPart(session: Session, part: PartUpload): Promise<UploadedPart> {
  const { key, uploadId, partNumber, body, sender = session.sender, signal } = part;
  const { crc32, sha256 } = await digest(part, sender, session);
  const asked = { what: `PUT ${key}, part ${partNumber}`, right: 's3:PutObject' };
  const put = async () => {
    const request = await session.signer.sign({ key, uploadId, partNumber, body, crc32, sha256 });
    return await send(request, sender, session, signal);
  };
  const etag = unquote(await session.attempt(asked, put, signal));
  return { partNumber, etag, size: body.length, ...(crc32 !== undefined && { checksum: crc32 }) };
}

async function digest(
  { body, crc32, checksum = 'whole', signed = true }: PartUpload,
  sender: PartSender,
  { isSealed }: Session,
): Promise<PartDigest> {
  const wanted = { crc32: checksum !== 'none' && crc32 === undefined, sha256: signed && !isSealed };
  const known = checksum === 'none' || crc32 === undefined ? {} : { crc32 };
  return wanted.crc32 || wanted.sha256 ? { ...known, ...(await sender.digest(body, wanted)) } : known;
}

/** Gives the ETag of a part that the server took. */
async function send(
  request: PartRequest,
  sender: PartSender,
  { clock, log, timings, signer }: Session,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const answered = async () => {
    const { body, ...head } = await sender.send(request, signal);
    return { response: { ...head, body: Readable.from(body.length > 0 ? [body] : []) } };
  };
  try {
    const { response } = await ask(request, answered, {
      expected: 'etag',
      answerMs: timings.requestMs,
      clock,
      log,
    });
    return response.headers['etag'];
  } catch (error) {
    signer.learnFrom(error);
    throw error;
  }
}

/** An upload that is gone already is as good as aborted. */
export async function abortUpload(session: Session, key: string, uploadId: string): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: session.bucket, Key: key, UploadId: uploadId });
  const asked = { what: `end of the upload to ${key}`, right: 's3:AbortMultipartUpload' };
  try {
    await session.attempt(asked, () => session.client.send(command));
  } catch (error) {
    if (!isUploadGone(error)) throw error;
  }
}
