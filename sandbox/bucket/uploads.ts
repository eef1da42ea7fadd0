import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createHash } from 'node:crypto';
import { receiveFile } from './body.ts';
import { type Answer, type Call, byBytes, countOf, headerOf, metadataOf } from './call.ts';
import { checkSource } from './conditions.ts';
import { etagOf, quoted } from './etag.ts';
import { checkKey, checksumHeader, findSource } from './objects.ts';
import { invalidArgument, noSuchKey, noSuchUpload, Refusal } from './refusal.ts';
import { readSegments, type StoredPart, type Upload } from './store.ts';
import { renderXml } from './xml.ts';

export function createMultipartUpload(call: Call): Answer {
  const { request, bucket } = call;
  checkKey(request.key);
  const algorithm = checksumAlgorithmOf(call);
  const upload: Upload = {
    id: randomBytes(18).toString('base64url'),
    key: request.key,
    initiated: call.now(),
    contentType: headerOf(request, 'content-type') ?? 'binary/octet-stream',
    metadata: metadataOf(request),
    algorithm,
    checksumType: checksumTypeOf(call, algorithm),
    parts: new Map(),
  };
  bucket.uploads.set(upload.id, upload);
  return {
    status: 200,
    text: renderXml('InitiateMultipartUploadResult', {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
    }),
  };
}

function checksumAlgorithmOf({ request, dialect }: Call): string | undefined {
  const asked = headerOf(request, 'x-amz-checksum-algorithm')?.toLowerCase();
  if (asked !== undefined && dialect.uploadChecksums === 'refuses')
    throw new Refusal(
      400,
      'InvalidArgument',
      "Unsupported header 'x-amz-checksum-algorithm' received for this API call.",
    );
  return dialect.checksums ? asked : undefined;
}

function checksumTypeOf({ request, dialect }: Call, algorithm: string | undefined): Upload['checksumType'] {
  if (headerOf(request, 'x-amz-checksum-type') !== 'FULL_OBJECT') return 'COMPOSITE';
  if (dialect.uploadChecksums === 'parts') return 'COMPOSITE';
  if (dialect.uploadChecksums === 'refuses-whole')
    throw new Refusal(
      400,
      'InvalidArgument',
      "Header 'x-amz-checksum-type' with value 'FULL_OBJECT' not implemented",
    );
  if (algorithm === undefined || algorithm === 'crc32') return 'FULL_OBJECT';
  throw new Refusal(
    400,
    'InvalidRequest',
    `The FULL_OBJECT checksum type cannot be used with the ${algorithm} checksum algorithm.`,
  );
}

export async function uploadPart(call: Call): Promise<Answer> {
  const { store, dialect } = call;
  const upload = findUpload(call);
  const number = partNumberOf(call);
  const path = store.newFile();
  const received = await receiveFile(call, path);
  const declared = received.checksum?.algorithm;
  if (dialect.checksums && declared !== upload.algorithm) {
    await rm(path, { force: true });
    throw new Refusal(
      400,
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${upload.algorithm ?? 'null'}, actual checksum Type: ${declared ?? 'null'}`,
    );
  }
  const part: StoredPart = {
    number,
    etag: etagOf(received.md5, dialect),
    modified: call.now(),
    checksum: received.checksum,
    segment: { path, size: received.size, kept: received.kept },
  };
  await keepPart(call, upload, part);
  return { status: 200, headers: { etag: quoted(part.etag), ...checksumHeader(part) } };
}

export async function uploadPartCopy(call: Call): Promise<Answer> {
  const { store, dialect } = call;
  const upload = findUpload(call);
  const number = partNumberOf(call);
  const source = findSource(call);
  if (call.discards) throw new Refusal(501, 'NotImplemented', 'The sandbox was told not to keep bytes.');
  checkSource(call, source);
  const { start, end } = copyRange(call, source.size);
  const path = store.newFile();
  const md5 = createHash('md5');
  const bytes = async function* () {
    for await (const chunk of readSegments(source.segments, start, end)) {
      md5.update(chunk);
      yield chunk;
    }
  };
  await pipeline(bytes, createWriteStream(path));
  const part: StoredPart = {
    number,
    etag: etagOf(md5.digest('hex'), dialect),
    modified: call.now(),
    checksum: undefined,
    segment: { path, size: end - start },
  };
  await keepPart(call, upload, part);
  return {
    status: 200,
    text: renderXml('CopyPartResult', {
      ETag: quoted(part.etag),
      LastModified: part.modified.toISOString(),
    }),
  };
}

/** The last body of a part number wins; the upload may have been aborted or completed while it came in. */
async function keepPart(call: Call, upload: Upload, part: StoredPart): Promise<void> {
  if (!call.bucket.uploads.has(upload.id)) {
    await rm(part.segment.path, { force: true });
    throw noSuchUpload(upload.id);
  }
  const old = upload.parts.get(part.number);
  upload.parts.set(part.number, part);
  call.store.hold([part.segment]);
  if (old) await call.store.release([old.segment]);
}

function copyRange({ request }: Call, size: number): { start: number; end: number } {
  const header = headerOf(request, 'x-amz-copy-source-range');
  if (header === undefined) return { start: 0, end: size };
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  const start = Number(match?.[1]);
  const end = Number(match?.[2]) + 1;
  if (!match || start >= end || end > size)
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    );
  return { start, end };
}

export function listParts(call: Call): Answer {
  const { request, bucket, dialect } = call;
  const upload = bucket.uploads.get(request.query['uploadId'] ?? '');
  if (!upload || upload.key !== request.key)
    throw dialect.abortedUpload === 'NoSuchKey'
      ? noSuchKey(request.key)
      : noSuchUpload(request.query['uploadId'] ?? '');
  const marker = Number(request.query['part-number-marker'] ?? 0);
  const max = countOf(request, 'max-parts', call.pageSize);
  const parts = [...upload.parts.values()];
  const left = dialect.listsPartsInPages
    ? parts.toSorted((a, b) => a.number - b.number).filter(({ number }) => number > marker)
    : parts.toSorted((a, b) => byBytes(a.segment.path, b.segment.path)).reverse();
  const shown = dialect.listsPartsInPages ? left.slice(0, max) : left;
  const last = shown.length < left.length ? shown.at(-1) : undefined;
  return {
    status: 200,
    text: renderXml('ListPartsResult', {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      PartNumberMarker: marker,
      ...(last && { NextPartNumberMarker: last.number }),
      MaxParts: max,
      IsTruncated: last !== undefined,
      Part: shown.map(({ number, modified, etag, segment, checksum }) => ({
        PartNumber: number,
        LastModified: modified.toISOString(),
        ETag: quoted(etag),
        Size: segment.size,
        ...(checksum && { [`Checksum${checksum.algorithm.toUpperCase()}`]: checksum.value }),
      })),
    }),
  };
}

export async function abortMultipartUpload(call: Call): Promise<Answer> {
  const upload = findUpload(call);
  call.bucket.uploads.delete(upload.id);
  await call.store.release([...upload.parts.values()].map(({ segment }) => segment));
  return { status: 204 };
}

function findUpload({ request, bucket }: Call): Upload {
  const id = request.query['uploadId'] ?? '';
  const upload = bucket.uploads.get(id);
  if (!upload || upload.key !== request.key) throw noSuchUpload(id);
  return upload;
}

function partNumberOf({ request }: Call): number {
  const number = Number(request.query['partNumber']);
  if (!Number.isInteger(number) || number < 1 || number > 10_000)
    throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive.');
  return number;
}
