import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { ObjectHead, PutOptions } from '../bucket.ts';
import { S3Answer } from './answer.ts';
import { crc32Base64 } from './crc32.ts';
import { isAbsent, isNotImplemented, isPreconditionFailed } from './error.ts';
import { md5 } from './md5.ts';
import { readObject } from './read.ts';
import { abortBy, type Session, unquote } from './session.ts';

export async function headObject(
  session: Session,
  key: string,
  signal?: AbortSignal,
): Promise<ObjectHead | undefined> {
  const command = new HeadObjectCommand({ Bucket: session.bucket, Key: key });
  const ask = async () => {
    try {
      return await session.client.send(command, abortBy(signal));
    } catch (error) {
      throw await withBody(error, session, key, signal);
    }
  };
  const asked = { what: `HEAD ${key}`, right: 's3:GetObject' };
  const head = await orAbsent(session.attempt(asked, ask, signal));
  return (
    head && {
      key,
      size: head.ContentLength ?? 0,
      etag: unquote(head.ETag),
      metadata: head.Metadata ?? {},
    }
  );
}

export async function getObject(
  session: Session,
  key: string,
  signal?: AbortSignal,
): Promise<Buffer | undefined> {
  return await orAbsent(collect(readObject(session, key, { signal })));
}

export async function putObject(
  session: Session,
  key: string,
  body: Buffer,
  { ifNoneMatch, ...unconditional }: PutOptions = {},
): Promise<boolean> {
  const { metadata, contentType, signal } = unconditional;
  const input = {
    Bucket: session.bucket,
    Key: key,
    Body: body,
    ContentLength: body.length,
    ...digestOf(body),
    ...(metadata && { Metadata: { ...metadata } }),
    ...(contentType !== undefined && { ContentType: contentType }),
    ...(ifNoneMatch && { IfNoneMatch: ifNoneMatch }),
  };
  let sent = 0;
  const send = async () => {
    sent += 1;
    return await session.client.send(new PutObjectCommand(input), abortBy(signal));
  };
  try {
    await session.attempt({ what: `PUT ${key}`, right: 's3:PutObject' }, send, signal);
    return true;
  } catch (error) {
    if (!ifNoneMatch) throw error;
    if (isNotImplemented(error)) return await putObject(session, key, body, unconditional);
    if (!isPreconditionFailed(error)) throw error;
    // An earlier attempt may have stored it and lost its answer: then what is there is ours.
    return sent > 1 && (await getObject(session, key, signal))?.equals(body) === true;
  }
}

export async function deleteObject(session: Session, key: string, signal?: AbortSignal): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: session.bucket, Key: key });
  const asked = { what: `DELETE ${key}`, right: 's3:DeleteObject' };
  await orAbsent(session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal));
}

/** Buckets with an object lock demand one of the two; NooBaa and RGW check the MD5 alone. */
function digestOf(body: Buffer): { ContentMD5: string } | { ChecksumCRC32: string } {
  const digest = md5(body)?.toString('base64');
  return digest === undefined ? { ChecksumCRC32: crc32Base64(body) } : { ContentMD5: digest };
}

/** The answer to a HEAD has no body that says why; a GET of one byte, under the same right, has. */
async function withBody(
  error: unknown,
  { client, bucket }: Session,
  key: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const silent = error instanceof S3Answer && error.code === '' && error.foreign === undefined;
  if (!silent || error.status === 404 || error.status >= 500) return error;
  try {
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, Range: 'bytes=0-0' });
    const { Body } = await client.send(command, abortBy(signal));
    (Body as { destroy?: () => void } | undefined)?.destroy?.();
    return error;
  } catch (told) {
    return told instanceof S3Answer && told.code !== '' ? told : error;
  }
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

async function orAbsent<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
