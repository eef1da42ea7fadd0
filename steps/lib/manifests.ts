import type { Bucket, BucketObject } from './bucket.ts';
import { StepError } from './errors.ts';
import { isFolder, type Manifest, manifestsFolder, readManifest } from './manifest.ts';

/** What lies where the manifests of all commits of a repository do. */
export async function listManifests(
  bucket: Bucket,
  state: string,
  signal: AbortSignal,
): Promise<BucketObject[]> {
  const listing = await bucket.list(manifestsFolder(state), signal);
  return listing.filter(({ key }) => !isFolder(key));
}

/** Neither when it is gone since it was listed. */
interface Found {
  readonly manifest?: Manifest | undefined;
  /** Why it is no manifest: one of another version, a damaged or an endless one. */
  readonly notOurs?: { readonly because: string; readonly evidence: readonly string[] };
}

export async function readIfOurs(
  bucket: Bucket,
  { key, size }: BucketObject,
  signal: AbortSignal,
): Promise<Found> {
  if (size > limit) {
    const because = `${size} bytes, more than any manifest has`;
    return { notOurs: { because, evidence: [`${because} (${bucket.where}, LIST ${key})`] } };
  }
  try {
    return { manifest: (await readManifest(bucket, key, signal))?.manifest };
  } catch (error) {
    if (!(error instanceof StepError) || error.failure !== 'check') throw error;
    return { notOurs: { because: error.message, evidence: [error.message, ...error.evidence] } };
  }
}

/** Bytes of a manifest, with which it has some 300,000 files. What is larger is none, and is not read into memory. */
const limit = 64 * 2 ** 20;
