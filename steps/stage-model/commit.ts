import { forEachAtOnce } from '../lib/at-once.ts';
import type { Bucket } from '../lib/bucket.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import {
  describeDifference,
  type Difference,
  differingObjects,
  type Manifest,
  type ManifestFile,
  readManifest,
  renderManifest,
  type StoredManifest,
} from '../lib/manifest.ts';
import type { Place } from './place.ts';
import { compareSelections } from './compare-selections.ts';
import { firstLines, shown } from './first-lines.ts';

interface Store {
  readonly bucket: Bucket;
  readonly place: Place;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** HEADs of keys in which a listing and a manifest differ. */
const atOnce = 8;

/**
 * Writes the manifest last, once what lies under the prefix is exactly what it says. Of two runs at once the first
 * one's stays, and the other takes it for its own.
 */
export async function commit(manifest: Manifest, store: Store): Promise<StoredManifest> {
  const { bucket, place, signal } = store;
  const evidence = await compareObjects(manifest, store);
  if (evidence.length > 0)
    throw new StepError('check', 'the bucket does not hold what was written', {
      evidence,
      hint: 'run it again: before the commit what is wrong is replaced. If it recurs, look for somebody else who writes there',
    });
  // Looked at first, since there are servers that ignore the condition.
  const isOurs =
    !(await bucket.head(place.manifest, signal)) &&
    (await bucket.put(place.manifest, renderManifest(manifest), {
      ifNoneMatch: '*',
      contentType: 'application/json',
      signal,
    }));
  const stored = await readManifest(bucket, place.manifest, signal);
  if (!stored) {
    throw new StepError('check', 'the commit marker is gone right after it was written', {
      evidence: [`NoSuchKey (${bucket.where}, GET ${place.manifest})`],
      hint: `aws s3api head-object --bucket ${bucket.name} --key ${place.manifest}   (does a lifecycle rule or another client remove it?)`,
    });
  }
  demandSameFiles(stored.manifest, manifest, bucket);
  // Another run may have ended well with its marker: only our own is taken back.
  await (isOurs ? takeBackWhenUntrue(manifest, store) : demandAsStaged(manifest, store));
  return stored;
}

/** A run with another selection of files may have changed what lies there between our listing and our marker. */
async function takeBackWhenUntrue(manifest: Manifest, store: Store): Promise<void> {
  const { bucket, place, signal } = store;
  const evidence = await compareObjects(manifest, store);
  if (evidence.length === 0) return;
  await bucket.delete(place.manifest, signal);
  throw new StepError(
    'check',
    'another run changed what lies under the prefix while it was committed; the marker is gone again',
    {
      evidence,
      hint: 'run it again once no other run stages this commit with another selection of files',
    },
  );
}

/** Whether what a commit says and what lies there still agree; nothing is mended here. */
export async function demandAsStaged(manifest: Manifest, store: Store): Promise<void> {
  const { bucket, place } = store;
  const evidence = await compareObjects(manifest, store);
  if (evidence.length === 0) return;
  throw new StepError('check', 'what lies under the prefix is no longer what was committed', {
    evidence,
    hint: `aws s3 rm s3://${bucket.name}/${place.manifest}   (then run again with --read-back=always: without the marker all objects are read and proven anew, and wrong ones replaced)`,
  });
}

/** What lies there otherwise than the manifest says. A listing may be late: of a key in which it differs a HEAD decides. */
async function compareObjects(manifest: Manifest, { bucket, signal }: Store): Promise<string[]> {
  const listed = differingObjects(manifest, await bucket.list(manifest.prefix, signal));
  const proven: Difference[] = [];
  await forEachAtOnce(
    listed,
    atOnce,
    async (difference, signal) => {
      // What is not shown is only counted, as it was listed.
      const found =
        proven.length < shown ? (await bucket.head(difference.key, signal))?.size : difference.found;
      if (found !== difference.wanted) proven.push({ ...difference, found });
    },
    signal,
  );
  const lines = proven.map((difference) => describeDifference(difference));
  return firstLines(lines).map((line) => `${line} (${bucket.where}, HEAD)`);
}

/** A commit is staged once, with one set of files. */
export function demandSameFiles(committed: Manifest, wanted: Manifest, bucket: Bucket): void {
  const lines = compareFiles(committed, wanted);
  if (lines.length === 0) return;
  throw new StepError('check', `this commit is already staged with another selection of files`, {
    evidence: firstLines(lines).map((line) => `${line} (manifest of ${committed.commit} in ${bucket.name})`),
    hint: 'run with the --ignore, --vocabulary and --prefix of that time, or stage it beside with another --prefix and --state-prefix',
  });
}

function compareFiles(committed: Manifest, wanted: Manifest): string[] {
  const lines =
    committed.prefix === wanted.prefix
      ? []
      : [`lies under ${committed.prefix}, now asked for ${wanted.prefix}`];
  return [...lines, ...compareSelections(describeFiles(committed), describeFiles(wanted), 'committed')];
}

function describeFiles({ files, vocabulary }: Manifest): Map<string, string> {
  return new Map(
    [...files, ...asFiles(vocabulary)].map(({ path, size, digest }) => [
      path,
      `${size} bytes, ${digest.algorithm} ${digest.hex}`,
    ]),
  );
}

function asFiles(vocabulary: Manifest['vocabulary']): ManifestFile[] {
  if (!vocabulary) return [];
  const { path, size, sha256 } = vocabulary;
  return [{ path, size, digest: { algorithm: 'sha256', hex: sha256 } }];
}
