import { ListMultipartUploadsCommand, ListObjectsV2Command, ListPartsCommand } from '@aws-sdk/client-s3';
import type { BucketObject, PendingUpload, UploadedPart } from '../bucket.ts';
import { BucketError } from './error.ts';
import { abortBy, type Session, unquote } from './session.ts';

export async function listObjects(
  session: Session,
  prefix: string,
  signal?: AbortSignal,
): Promise<BucketObject[]> {
  const asked = { what: `LIST ${prefix}`, right: 's3:ListBucket' };
  return await listAll(session, asked.what, async (marker: { ContinuationToken?: string }) => {
    const command = new ListObjectsV2Command({ Bucket: session.bucket, Prefix: prefix, ...marker });
    const page = await session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal);
    const entries = new Map<string, BucketObject>();
    for (const { Key, Size, ETag } of page.Contents ?? [])
      if (Key?.startsWith(prefix)) entries.set(Key, { key: Key, size: Size ?? 0, etag: unquote(ETag) });
    return {
      names: page.Contents?.map(({ Key }) => Key),
      entries,
      truncated: page.IsTruncated,
      next: { ContinuationToken: page.NextContinuationToken },
    };
  });
}

type UploadMarker = { readonly KeyMarker?: string; readonly UploadIdMarker?: string };

export async function listUploads(
  session: Session,
  prefix: string,
  signal?: AbortSignal,
): Promise<PendingUpload[]> {
  const asked = { what: `LIST uploads to ${prefix}`, right: 's3:ListBucketMultipartUploads' };
  const readPage = async (Prefix: string, marker: UploadMarker): Promise<Page<string, PendingUpload>> => {
    const command = new ListMultipartUploadsCommand({ Bucket: session.bucket, Prefix, ...marker });
    const page = await session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal);
    const entries = new Map<string, PendingUpload>();
    for (const { Key, UploadId, Initiated } of page.Uploads ?? [])
      if (Key?.startsWith(prefix) && UploadId !== undefined)
        entries.set(UploadId, { key: Key, uploadId: UploadId, ...(Initiated && { initiated: Initiated }) });
    return {
      names: page.Uploads?.map(({ UploadId }) => UploadId),
      entries,
      truncated: page.IsTruncated,
      next: { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker },
    };
  };
  return await listAll(session, asked.what, async (marker: UploadMarker) => {
    try {
      return await readPage(prefix, marker);
    } catch (error) {
      const { KeyMarker, UploadIdMarker } = marker;
      if (KeyMarker === undefined || UploadIdMarker === undefined || !isInvalidArgument(error)) throw error;
      // versitygw refuses the marker it gave: the rest of that key's uploads by themselves, then on behind the key.
      const rest = await readPage(KeyMarker, {});
      const page = await readPage(prefix, { KeyMarker });
      return { ...page, entries: new Map([...rest.entries, ...page.entries]) };
    }
  });
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
  const parts = await listAll(session, asked.what, async (marker: { PartNumberMarker?: string }) => {
    const about = { Bucket: session.bucket, Key: key, UploadId: uploadId };
    const command = new ListPartsCommand({ ...about, ...marker });
    const page = await session.attempt(asked, () => session.client.send(command, abortBy(signal)), signal);
    const entries = new Map<number, UploadedPart>();
    for (const { PartNumber, ETag, Size, ChecksumCRC32 } of page.Parts ?? [])
      if (PartNumber !== undefined)
        entries.set(PartNumber, {
          partNumber: PartNumber,
          etag: unquote(ETag),
          size: Size ?? 0,
          ...(ChecksumCRC32 !== undefined && { checksum: ChecksumCRC32 }),
        });
    return {
      names: page.Parts?.map(({ PartNumber }) => PartNumber),
      entries,
      truncated: page.IsTruncated,
      next: { PartNumberMarker: page.NextPartNumberMarker },
    };
  });
  // NooBaa lists them unsorted.
  return parts.sort((a, b) => a.partNumber - b.partNumber);
}

type Marker = Readonly<Record<string, string | undefined>>;

interface Page<Name, Entry> {
  /** All that it names, also what was not asked for. */
  readonly names: readonly (Name | undefined)[] | undefined;
  /** What was asked for, by name. */
  readonly entries: ReadonlyMap<Name, Entry>;
  readonly truncated: boolean | undefined;
  readonly next: Marker;
}

/**
 * One rule for every listing: go on while the server says there is more, keep each entry once, and take neither its
 * order nor its filter on trust.
 */
async function listAll<Name, Entry>(
  session: Session,
  what: string,
  readPage: (marker: Readonly<Record<string, string>>) => Promise<Page<Name, Entry>>,
): Promise<Entry[]> {
  const found = new Map<Name, Entry>();
  const told = new Set<Name | undefined>();
  let marker: Record<string, string> | undefined = {};
  while (marker) {
    const { names, entries, truncated, next }: Page<Name, Entry> = await readPage(marker);
    for (const [name, entry] of entries) found.set(name, entry);
    const repeated = repeats(names, told);
    marker = truncated === true ? nextMarker(session, what, { marker, next, repeated }) : undefined;
  }
  return [...found.values()];
}

/** Whether a page names only what earlier pages named. One that names nothing does not: S3 may give such, and goes on. */
function repeats<Name>(names: readonly Name[] = [], told: Set<Name>): boolean {
  const before = told.size;
  for (const name of names) told.add(name);
  return names.length > 0 && told.size === before;
}

interface Turn {
  readonly marker: Marker;
  readonly next: Marker;
  readonly repeated: boolean;
}

/** Where the next page starts. Pages that lead back to themselves would never end. */
function nextMarker(
  { where }: Session,
  what: string,
  { marker, next, repeated }: Turn,
): Record<string, string> {
  const given = Object.entries(next).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const moves = given.some(([name, value]) => marker[name] !== value);
  if (moves && !repeated) return Object.fromEntries(given);
  throw new BucketError('check', `${where} does not go on with its listing`, {
    evidence: [`IsTruncated, and ${moves ? 'only what earlier pages named' : 'no new marker'} (S3, ${what})`],
    hint: 'report it to whoever runs the S3 server: each page of a listing has to lead to the next',
    code: 'BrokenPaging',
    status: 200,
  });
}
