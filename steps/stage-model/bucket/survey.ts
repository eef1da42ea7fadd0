import { forEachAtOnce } from '../../lib/at-once.ts';
import type { Bucket, BucketObject, PendingUpload, UploadedPart } from '../../lib/bucket.ts';
import { isGone, unlessUnsupported } from '../../lib/bucket/error.ts';
import type { Manifest } from '../../lib/manifest.ts';
import { listManifests, readIfOurs } from '../../lib/manifests.ts';
import type { Place } from '../place.ts';
import type { Findings } from './findings.ts';
import {
  bestUpload,
  type BucketState,
  carriesDigest,
  type PendingParts,
  type StoredObject,
  type WantedFile,
} from '../plan.ts';

export interface Survey extends BucketState {
  /** All that lies under the prefix. */
  readonly listing: readonly BucketObject[];
}

interface Asking {
  readonly bucket: Bucket;
  readonly signal: AbortSignal;
  /** Where the server was tried already. */
  readonly findings?: Findings;
}

const atOnce = 8;
/** Manifests of other commits that are looked at for bytes to copy; they come in no order that says which is the newest. */
const manifestsRead = 100;
/** Objects that are asked for each file: a commit may have been deleted from the bucket, and its manifest left. */
const copiesAsked = 5;

/**
 * What the bucket holds of these files, here and under other commits. Lists first, and asks only for what a list leaves open;
 * for pending uploads file by file where the server names them in no other way.
 */
export async function surveyBucket(
  files: readonly WantedFile[],
  place: Place,
  { bucket, signal, findings }: Asking,
): Promise<Survey> {
  const [listing, uploads, manifests] = await Promise.all([
    bucket.list(place.prefix, signal),
    findings?.resume === 'by-key' ? undefined : listUploads(place.prefix, bucket, signal),
    readOtherManifests(place, bucket, signal),
  ]);
  const sizes = new Map(listing.map(({ key, size }) => [key, size]));
  const stored = await headAll(
    files.filter(({ key, size }) => sizes.get(key) === size).map(({ key }) => key),
    bucket,
    signal,
  );
  const absent = files.filter(({ key }) => !stored.has(key));
  return {
    listing,
    stored,
    pending: await listPending(absent, uploads ?? (await listByKey(absent, bucket, signal)), bucket, signal),
    elsewhere: await findElsewhere(absent, manifests, bucket, signal),
  };
}

async function readOtherManifests(place: Place, bucket: Bucket, signal: AbortSignal): Promise<Manifest[]> {
  const listed = await listManifests(bucket, place.state, signal);
  const others = listed.filter(({ key }) => key !== place.manifest);
  const manifests: Manifest[] = [];
  await forEachAtOnce(
    others.slice(-manifestsRead),
    atOnce,
    async (object, signal) => {
      // One that is none of ours is nothing to copy from, and no business of this commit.
      const { manifest } = await readIfOurs(bucket, object, signal);
      if (manifest) manifests.push(manifest);
    },
    signal,
  );
  return manifests.sort((a, b) => (a.commit < b.commit ? -1 : 1));
}

async function headAll(
  keys: readonly string[],
  bucket: Bucket,
  signal: AbortSignal,
): Promise<Map<string, StoredObject>> {
  const found = new Map<string, StoredObject>();
  await forEachAtOnce(
    keys,
    atOnce,
    async (key, signal) => {
      const head = await bucket.head(key, signal);
      if (head) found.set(key, head);
    },
    signal,
  );
  return found;
}

async function listPending(
  files: readonly WantedFile[],
  uploads: readonly PendingUpload[],
  bucket: Bucket,
  signal: AbortSignal,
): Promise<Map<string, PendingParts[]>> {
  const wanted = new Set(files.filter(({ partSize }) => partSize !== undefined).map(({ key }) => key));
  const found = new Map<string, PendingParts[]>();
  await forEachAtOnce(
    uploads.filter(({ key }) => wanted.has(key)),
    atOnce,
    async ({ key, uploadId }, signal) => {
      const parts = await partsIfPending(key, uploadId, bucket, signal);
      found.set(key, [...(found.get(key) ?? []), { uploadId, parts }]);
    },
    signal,
  );
  return found;
}

async function listByKey(
  files: readonly WantedFile[],
  bucket: Bucket,
  signal: AbortSignal,
): Promise<PendingUpload[]> {
  const found: PendingUpload[] = [];
  await forEachAtOnce(
    files.filter(({ partSize }) => partSize !== undefined),
    atOnce,
    async ({ key }, signal) => void found.push(...(await listUploads(key, bucket, signal))),
    signal,
  );
  return found;
}

function listUploads(prefix: string, bucket: Bucket, signal: AbortSignal): Promise<PendingUpload[]> {
  return unlessUnsupported([], () => bucket.listUploads(prefix, signal));
}

/** The pending upload of one file that is worth going on with. */
export async function findUpload(
  file: WantedFile,
  bucket: Bucket,
  signal: AbortSignal,
): Promise<PendingParts | undefined> {
  const uploads = await listUploads(file.key, bucket, signal);
  const pending = await listPending([file], uploads, bucket, signal);
  return bestUpload(file, pending.get(file.key) ?? []);
}

/** None, when another run has completed the upload since it was listed. */
async function partsIfPending(
  key: string,
  uploadId: string,
  bucket: Bucket,
  signal: AbortSignal,
): Promise<UploadedPart[]> {
  try {
    return await unlessUnsupported([], () => bucket.listParts(key, uploadId, signal));
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Objects of other commits with the same bytes: their manifest says so, and the object still has that size and hash. */
async function findElsewhere(
  files: readonly WantedFile[],
  manifests: readonly Manifest[],
  bucket: Bucket,
  signal: AbortSignal,
): Promise<Map<string, StoredObject>> {
  const keys = new Map<string, string[]>();
  for (const { prefix, files } of manifests)
    for (const { path, digest } of files)
      keys.set(digest.hex, [...(keys.get(digest.hex) ?? []), prefix + path]);
  const found = new Map<string, StoredObject>();
  await forEachAtOnce(
    files,
    atOnce,
    async (file, signal) => {
      for (const key of (keys.get(file.digest.hex) ?? []).slice(-copiesAsked)) {
        const object = await bucket.head(key, signal);
        if (!object || !carriesDigest(object, file)) continue;
        found.set(file.path, object);
        return;
      }
    },
    signal,
  );
  return found;
}
