import { ListMultipartUploadsCommand, ListObjectsV2Command, ListPartsCommand } from '@aws-sdk/client-s3';
import type { BucketObject, PendingUpload, UploadedPart } from '../bucket.ts';
import { BucketError } from './error.ts';
import { abortBy, type Session, unquote } from './session.ts';

/*
 * Three listings, one rule: go on while the server says there is more, keep each entry once, and take neither its order
 * nor its filter on trust. NooBaa lists parts unsorted and all at once.
 */

export async function listObjects(
  session: Session,
  prefix: string,
  signal?: AbortSignal,
): Promise<BucketObject[]> {
  const asked = { what: `LIST ${prefix}`, right: 's3:ListBucket' };
  const found = new Map<string, BucketObject>();
  const told = new Set<string>();
  let marker: { ContinuationToken?: string } | undefined = {};
  while (marker) {
    const command: ListObjectsV2Command = new ListObjectsV2Command({
      Bucket: session.bucket,
      Prefix: prefix,
      ...marker,
    });
    const page = await session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal);
    for (const { Key, Size, ETag } of page.Contents ?? [])
      if (Key?.startsWith(prefix)) found.set(Key, { key: Key, size: Size ?? 0, etag: unquote(ETag) });
    marker = nextMarker(session, asked.what, {
      truncated: page.IsTruncated,
      marker,
      repeats: repeats(
        page.Contents?.map(({ Key }) => Key),
        told,
      ),
      next: { ContinuationToken: page.NextContinuationToken },
    });
  }
  return [...found.values()];
}

type UploadMarker = { KeyMarker?: string; UploadIdMarker?: string };

export async function listUploads(
  session: Session,
  prefix: string,
  signal?: AbortSignal,
): Promise<PendingUpload[]> {
  const asked = { what: `LIST uploads to ${prefix}`, right: 's3:ListBucketMultipartUploads' };
  const found = new Map<string, PendingUpload>();
  const told = new Set<string>();
  const readPage = async (
    Prefix: string,
    marker: UploadMarker,
    before = told,
  ): Promise<UploadMarker | undefined> => {
    const command = new ListMultipartUploadsCommand({ Bucket: session.bucket, Prefix, ...marker });
    const page = await session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal);
    for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
      if (Key?.startsWith(prefix) && UploadId !== undefined)
        found.set(UploadId, { key: Key, uploadId: UploadId, ...(Initiated && { initiated: Initiated }) });
    return nextMarker(session, asked.what, {
      truncated: page.IsTruncated,
      marker,
      repeats: repeats(
        page.Uploads?.map(({ UploadId }) => UploadId),
        before,
      ),
      next: { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker },
    });
  };
  const readOn = async (marker: UploadMarker): Promise<UploadMarker | undefined> => {
    try {
      return await readPage(prefix, marker);
    } catch (error) {
      const { KeyMarker, UploadIdMarker } = marker;
      if (KeyMarker === undefined || UploadIdMarker === undefined || !isInvalidArgument(error)) throw error;
      // versitygw refuses the marker it gave: the rest of that key's uploads by themselves, then on behind the key.
      await readPage(KeyMarker, {}, new Set());
      return await readPage(prefix, { KeyMarker });
    }
  };
  let marker: UploadMarker | undefined = {};
  while (marker) marker = await readOn(marker);
  return [...found.values()];
}

function isInvalidArgument(error: unknown): boolean {
  return error instanceof BucketError && error.code === 'InvalidArgument';
}

export async function listParts(
  session: Session,
  key: string,
  uploadId: string,
  signal?: AbortSignal,
): Promise<UploadedPart[]> {
  const asked = { what: `LIST parts of ${key}`, right: 's3:ListMultipartUploadParts' };
  const found = new Map<number, UploadedPart>();
  const told = new Set<number>();
  let marker: { PartNumberMarker?: string } | undefined = {};
  while (marker) {
    const command: ListPartsCommand = new ListPartsCommand({
      Bucket: session.bucket,
      Key: key,
      UploadId: uploadId,
      ...marker,
    });
    const page = await session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal);
    for (const { PartNumber, ETag, Size, ChecksumCRC32 } of page.Parts ?? [])
      if (PartNumber !== undefined)
        found.set(PartNumber, {
          partNumber: PartNumber,
          etag: unquote(ETag),
          size: Size ?? 0,
          ...(ChecksumCRC32 !== undefined && { checksum: ChecksumCRC32 }),
        });
    marker = nextMarker(session, asked.what, {
      truncated: page.IsTruncated,
      marker,
      repeats: repeats(
        page.Parts?.map(({ PartNumber }) => PartNumber),
        told,
      ),
      next: { PartNumberMarker: page.NextPartNumberMarker },
    });
  }
  return [...found.values()].sort((a, b) => a.partNumber - b.partNumber);
}

type Marker = Readonly<Record<string, string | undefined>>;

interface Page {
  readonly truncated: boolean | undefined;
  readonly marker: Marker;
  /** Whether it names something, and nothing new. */
  readonly repeats: boolean;
  readonly next: Marker;
}

/** Whether a page names only what earlier pages named. One that names nothing does not: S3 may give such, and goes on. */
function repeats<Name>(names: readonly Name[] = [], told: Set<Name>): boolean {
  const before = told.size;
  for (const name of names) told.add(name);
  return names.length > 0 && told.size === before;
}

/** Where the next page starts; undefined after the last. Pages that lead back to themselves would never end. */
function nextMarker(
  { where }: Session,
  what: string,
  { truncated, marker, repeats, next }: Page,
): Record<string, string> | undefined {
  if (truncated !== true) return undefined;
  const given = Object.entries(next).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const moves = given.some(([name, value]) => marker[name] !== value);
  if (moves && !repeats) return Object.fromEntries(given);
  throw new BucketError('check', `${where} does not go on with its listing`, {
    evidence: [`IsTruncated, and ${moves ? 'only what earlier pages named' : 'no new marker'} (S3, ${what})`],
    hint: 'report it to whoever runs the S3 server: each page of a listing has to lead to the next',
    code: 'BrokenPaging',
    status: 200,
  });
}
