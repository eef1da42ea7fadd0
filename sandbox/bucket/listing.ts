import { type Answer, type Call, byBytes, countOf, encoder } from './call.ts';
import { quoted } from './etag.ts';
import { invalidArgument } from './refusal.ts';
import { renderXml } from './xml.ts';

export function headBucket(): Answer {
  return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } };
}

export function listObjectsV2(call: Call): Answer {
  const { request, bucket } = call;
  const { prefix = '', delimiter = '', 'start-after': startAfter = '' } = request.query;
  const token = request.query['continuation-token'];
  const after = token === undefined ? startAfter : openToken(token);
  const encode = encoder(request);
  const max = countOf(request, 'max-keys', call.pageSize);
  const { entries, more } = page({
    keys: sortedKeys(bucket.objects).filter((key) => key.startsWith(prefix)),
    prefix,
    delimiter,
    after,
    max,
  });
  const objects = entries.filter((entry) => !entry.folder).map((entry) => bucket.objects.get(entry.name));
  return {
    status: 200,
    text: renderXml('ListBucketResult', {
      Name: bucket.name,
      Prefix: encode(prefix),
      ...(delimiter !== '' && { Delimiter: encode(delimiter) }),
      ...(token !== undefined && { ContinuationToken: token }),
      KeyCount: entries.length,
      MaxKeys: max,
      IsTruncated: more,
      ...(more && { NextContinuationToken: sealToken(entries.at(-1)?.name ?? after) }),
      Contents: objects.flatMap((object) =>
        object
          ? {
              Key: encode(object.key),
              LastModified: object.modified.toISOString(),
              ETag: quoted(object.etag),
              Size: object.size,
              StorageClass: 'STANDARD',
            }
          : [],
      ),
      CommonPrefixes: entries
        .filter((entry) => entry.folder)
        .map((entry) => ({ Prefix: encode(entry.name) })),
    }),
  };
}

interface Entry {
  readonly name: string;
  readonly folder: boolean;
}

interface Listing {
  readonly keys: readonly string[];
  readonly prefix: string;
  readonly delimiter: string;
  readonly after: string;
  readonly max: number;
}

/** At most `max` keys and common prefixes after `after`. */
function page({ keys, prefix, delimiter, after, max }: Listing): { entries: Entry[]; more: boolean } {
  const entries: Entry[] = [];
  for (const key of keys) {
    const entry = entryOf(key, prefix, delimiter);
    const listed = byBytes(entry.name, after) <= 0 || entry.name === entries.at(-1)?.name;
    if (listed) continue;
    if (entries.length >= max) return { entries, more: max > 0 };
    entries.push(entry);
  }
  return { entries, more: false };
}

function entryOf(key: string, prefix: string, delimiter: string): Entry {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? { name: key, folder: false } : { name: key.slice(0, at + delimiter.length), folder: true };
}

export function listMultipartUploads(call: Call): Answer {
  const { request, bucket } = call;
  const { prefix = '', 'key-marker': keyMarker = '', 'upload-id-marker': idMarker = '' } = request.query;
  if (keyMarker !== '' && idMarker !== '' && !call.dialect.continuesUploads)
    throw invalidArgument('Invalid uploadId marker');
  const max = countOf(request, 'max-uploads', call.pageSize);
  const encode = encoder(request);
  const all = [...bucket.uploads.values()]
    .filter(({ key }) => (call.dialect.listsUploadsByFolder ? key.startsWith(prefix) : key === prefix))
    .toSorted((a, b) => byBytes(a.key, b.key) || byBytes(a.id, b.id))
    .filter(({ key, id }) => {
      const order = byBytes(key, keyMarker);
      return order > 0 || (order === 0 && idMarker !== '' && byBytes(id, idMarker) > 0);
    });
  const shown = all.slice(0, max);
  const last = all.length > max ? shown.at(-1) : undefined;
  return {
    status: 200,
    text: renderXml('ListMultipartUploadsResult', {
      Bucket: bucket.name,
      KeyMarker: encode(keyMarker),
      UploadIdMarker: idMarker,
      ...(last && { NextKeyMarker: encode(last.key), NextUploadIdMarker: last.id }),
      Prefix: encode(prefix),
      MaxUploads: max,
      IsTruncated: last !== undefined,
      Upload: shown.map(({ key, id, initiated }) => ({
        Key: encode(key),
        UploadId: id,
        Initiated: initiated.toISOString(),
        StorageClass: 'STANDARD',
      })),
    }),
  };
}

function sortedKeys(objects: ReadonlyMap<string, unknown>): string[] {
  return [...objects.keys()].sort(byBytes);
}

function sealToken(key: string): string {
  return Buffer.from(`after ${key}`).toString('base64');
}

function openToken(token: string): string {
  const plain = Buffer.from(token, 'base64').toString('utf8');
  if (!plain.startsWith('after ')) throw invalidArgument('The continuation token provided is incorrect');
  return plain.slice('after '.length);
}
