import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { PartUpload, UploadedPart } from '../bucket.ts';
import { ask } from './client.ts';
import { isUploadGone } from './error.ts';
import type { PartDigest, PartSender } from './part-sender.ts';
import type { PartAnswer, PartRequest } from './send-part.ts';
import { abortBy, type Session, unquote } from './session.ts';

export interface UploadOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** With CRC-32 every part has to carry one; parts copied on the server do not. */
  readonly checksum?: 'CRC32' | 'none';
}

export async function createUpload(
  session: Session,
  key: string,
  { metadata, signal, checksum = 'CRC32' }: UploadOptions = {},
): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    Bucket: session.bucket,
    Key: key,
    // A part may carry a checksum only when its upload declares it. With the type for whole objects, completing does not
    // depend on the parts' own, which SeaweedFS demands otherwise though it does not list them.
    ...(checksum === 'CRC32' && { ChecksumAlgorithm: checksum, ChecksumType: 'FULL_OBJECT' as const }),
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
  const { crc32, sha256 = 'UNSIGNED-PAYLOAD' } = await digest(part, sender, session);
  const command = new UploadPartCommand({
    Bucket: session.bucket,
    Key: key,
    UploadId: uploadId,
    PartNumber: partNumber,
    Body: body,
    ContentLength: body.length,
    ChecksumCRC32: crc32,
  });
  signPayload(command, sha256);
  sendBy((request) => sender.send(request, signal), command, session);
  const asked = { what: `PUT ${key}, part ${partNumber}`, right: 's3:PutObject' };
  const { ETag } = await session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal);
  return {
    partNumber,
    etag: unquote(ETag),
    size: body.length,
    ...(crc32 !== undefined && { checksum: crc32 }),
  };
}

async function digest(
  { body, crc32, signed = true }: PartUpload,
  sender: PartSender,
  { isSealed }: Session,
): Promise<PartDigest> {
  const wanted = { crc32: crc32 === undefined, sha256: signed && !isSealed };
  const known = crc32 === undefined ? {} : { crc32 };
  return wanted.crc32 || wanted.sha256 ? { ...known, ...(await sender.digest(body, wanted)) } : known;
}

/** Unless told, the SDK hashes the part once more for each try. */
function signPayload(command: UploadPartCommand, hash: string): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const { request } = args as { request?: { headers: Record<string, string> } };
      if (request) request.headers['x-amz-content-sha256'] = hash;
      return await next(args);
    },
    { step: 'build', name: 'signPayload' },
  );
}

/** In the place of the client's own handler: last of all, with the request as it was signed. */
function sendBy(
  send: (request: PartRequest) => Promise<PartAnswer>,
  command: UploadPartCommand,
  { clock, log, timings }: Session,
): void {
  command.middlewareStack.add(
    () =>
      async ({ request }) => {
        const asked = request as PartRequest;
        const answered = async () => {
          const { body, ...head } = await send(asked);
          return { response: { ...head, body: Readable.from(body.length > 0 ? [body] : []) } };
        };
        return await ask(asked, answered, { expected: 'etag', answerMs: timings.requestMs, clock, log });
      },
    { step: 'deserialize', name: 'sendPart', priority: 'low' },
  );
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
