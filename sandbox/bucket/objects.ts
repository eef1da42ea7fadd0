import { rm } from 'node:fs/promises';
import { rangeOf } from '../range.ts';
import { receiveFile, receiveText } from './body.ts';
import { type Answer, type Call, headerOf, metadataOf } from './call.ts';
import { checkSource, checkWrite, isNotModified } from './conditions.ts';
import { etagOf, quoted } from './etag.ts';
import { invalidArgument, noSuchKey, Refusal } from './refusal.ts';
import { hasBytes, type StoredObject } from './store.ts';
import { elements, renderXml, text } from './xml.ts';

const gibibyte = 1024 ** 3;

export async function putObject(call: Call): Promise<Answer> {
  const { request, store, dialect, bucket } = call;
  checkKey(request.key);
  const metadata = metadataOf(request);
  const path = store.newFile();
  const received = await receiveFile(call, path);
  try {
    checkWrite(call);
    if (received.size > 5 * gibibyte) throw tooLarge();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  const object: StoredObject = {
    key: request.key,
    size: received.size,
    etag: etagOf(received.md5, dialect),
    modified: call.now(),
    contentType: headerOf(request, 'content-type') ?? 'binary/octet-stream',
    metadata,
    checksum: received.checksum,
    segments: [{ path, size: received.size, kept: received.kept }],
  };
  await store.putObject(bucket, object);
  return { status: 200, headers: { etag: quoted(object.etag), ...checksumHeader(object) } };
}

export function headObject(call: Call): Answer {
  const { file: _, ...answer } = getObject(call);
  return answer;
}

export function getObject(call: Call): Answer {
  const { request, bucket } = call;
  const object = bucket.objects.get(request.key);
  if (!object) throw noSuchKey(request.key);
  if (isNotModified(call, object)) return { status: 304, headers: { etag: quoted(object.etag) } };
  const range = rangeOf(headerOf(request, 'range'), object.size);
  if (range === 'unsatisfiable') throw invalidRange(object.size);
  const { start, end } = range ?? { start: 0, end: object.size };
  if (request.operation === 'GetObject' && !hasBytes(object.segments, start, end)) throw notKept(object.key);
  const wantsChecksum = headerOf(request, 'x-amz-checksum-mode') === 'ENABLED' && !range;
  return {
    status: range ? 206 : 200,
    headers: {
      etag: quoted(object.etag),
      'last-modified': object.modified.toUTCString(),
      'content-length': String(end - start),
      'content-type': object.contentType,
      'accept-ranges': 'bytes',
      ...(range && { 'content-range': `bytes ${start}-${end - 1}/${object.size}` }),
      ...metadataHeaders(object),
      ...(wantsChecksum && checksumHeader(object)),
    },
    file: { segments: object.segments, start, end },
  };
}

export async function copyObject(call: Call): Promise<Answer> {
  const { request, store, bucket, dialect } = call;
  checkKey(request.key);
  const source = findSource(call);
  checkSource(call, source);
  if (source.size > 5 * gibibyte)
    throw new Refusal(
      400,
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size for a copy source: 5368709120',
    );
  const replaces = headerOf(request, 'x-amz-metadata-directive') === 'REPLACE';
  if (!replaces && source.key === request.key)
    throw new Refusal(
      400,
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself.',
    );
  const copy: StoredObject = {
    ...source,
    key: request.key,
    modified: call.now(),
    etag: dialect.etag === 'opaque' ? etagOf(undefined, dialect) : source.etag,
    metadata: replaces ? metadataOf(request) : source.metadata,
    contentType: (replaces ? headerOf(request, 'content-type') : undefined) ?? source.contentType,
  };
  await store.putObject(bucket, copy);
  return {
    status: 200,
    text: renderXml('CopyObjectResult', {
      ETag: quoted(copy.etag),
      LastModified: copy.modified.toISOString(),
    }),
  };
}

/** The object that `x-amz-copy-source` names: `/bucket/key`, percent-encoded. */
export function findSource({ request, bucket }: Call): StoredObject {
  const header = headerOf(request, 'x-amz-copy-source') ?? '';
  let plain: string;
  try {
    plain = decodeURIComponent(header.replace(/^\//, ''));
  } catch {
    throw invalidArgument('Invalid copy source encoding.');
  }
  const at = plain.indexOf('/');
  if (at < 1) throw invalidArgument('Invalid copy source bucket name');
  if (plain.slice(0, at) !== bucket.name)
    throw new Refusal(501, 'NotImplemented', 'The sandbox copies inside one bucket only.');
  const key = plain.slice(at + 1);
  const source = bucket.objects.get(key);
  if (!source) throw noSuchKey(key);
  return source;
}

export async function deleteObject({ request, store, bucket }: Call): Promise<Answer> {
  await store.deleteObject(bucket, request.key);
  return { status: 204 };
}

export async function deleteObjects(call: Call): Promise<Answer> {
  const { request, store, bucket } = call;
  const declared = Object.keys(request.headers).some(
    (name) => name === 'content-md5' || name.startsWith('x-amz-checksum-'),
  );
  if (!declared)
    throw new Refusal(
      400,
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  const xml = await receiveText(call.body, call.dialect);
  const keys = elements(xml, 'Object').map((object) => text(object, 'Key'));
  if (keys.length === 0 || keys.length > 1000 || keys.includes(undefined))
    throw new Refusal(400, 'MalformedXML', 'The XML you provided was not well-formed.');
  const deleted = keys.filter((key) => key !== undefined);
  for (const key of deleted) await store.deleteObject(bucket, key);
  const quiet = text(xml, 'Quiet') === 'true';
  return {
    status: 200,
    text: renderXml('DeleteResult', { Deleted: quiet ? [] : deleted.map((key) => ({ Key: key })) }),
  };
}

export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > 1024) throw new Refusal(400, 'KeyTooLongError', 'Your key is too long.');
}

export function checksumHeader({
  checksum,
}: Pick<StoredObject, 'checksum'>): Readonly<Record<string, string>> {
  return checksum ? { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value } : {};
}

function metadataHeaders(object: StoredObject): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]),
  );
}

function invalidRange(size: number): Refusal {
  return new Refusal(416, 'InvalidRange', 'The requested range is not satisfiable', {
    ActualObjectSize: size,
  });
}

function notKept(key: string): Refusal {
  return new Refusal(501, 'NotImplemented', `The sandbox was told not to keep the bytes of ${key}.`);
}

function tooLarge(): Refusal {
  return new Refusal(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size');
}
