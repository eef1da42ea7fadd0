import { basename } from 'node:path';
import type { Bucket, BucketObject } from '../../lib/bucket.ts';
import { digestNamed, isCommit } from '../../lib/digest.ts';
import { StepError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { differences, type Manifest, manifestKey, stateFolder } from '../../lib/manifest.ts';
import { listManifests, readIfOurs } from '../../lib/manifests.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { versionOf } from './bucket-source.ts';
import { isDefault } from './identity.ts';
import type { ModelFile } from './listing.ts';

interface Wanted {
  readonly prefix: string;
  readonly model: string;
  readonly revision: string;
  readonly statePrefix: string;
  readonly log: Log;
}

/**
 * The manifest of a commit that this tool has staged there: of the one that lies exactly under the prefix, or of the
 * commit that is asked for below it. Undefined when none of this model lies there; a StepError when several do and none is named.
 */
export async function findStaged(
  bucket: Bucket,
  { prefix, model, revision, statePrefix, log }: Wanted,
  signal: AbortSignal,
): Promise<Manifest | undefined> {
  const state = stateFolder(statePrefix, model);
  const named = [revision, basename(prefix)].map((commit) => manifestKey(state, commit));
  const below: Manifest[] = [];
  for (const object of await listManifests(bucket, state, signal)) {
    const manifest = await readOrLeaveOut(bucket, object, {
      isNamed: named.includes(object.key),
      log,
      signal,
    });
    if (manifest?.prefix.startsWith(prefix)) below.push(demandSound(manifest, object.key, bucket));
  }
  const wanted = below.find((manifest) => manifest.prefix === prefix || manifest.commit === revision);
  if (wanted || below.length === 0) return wanted;
  throw new StepError('usage', `${below.length} staged commits lie there, and none of them is named`, {
    evidence: below.slice(0, 10).map(({ commit, prefix }) => `${commit} under ${prefix} (${bucket.where})`),
    hint: isDefault(revision)
      ? `--revision=${below[0]?.commit}, or the whole prefix of one of them as --source`
      : `--revision ${revision} is none of them`,
  });
}

/** What is no manifest of ours is no business of this run unless its commit is named. */
async function readOrLeaveOut(
  bucket: Bucket,
  object: BucketObject,
  { isNamed, log, signal }: { isNamed: boolean; log: Log; signal: AbortSignal },
): Promise<Manifest | undefined> {
  const { manifest, notOurs } = await readIfOurs(bucket, object, signal);
  if (!notOurs) return manifest;
  const { because, evidence } = notOurs;
  if (isNamed) throw refusal(evidence, `aws s3 cp ${shellWord(`s3://${bucket.name}/${object.key}`)} -`);
  log.warn('left out a manifest at the source', { key: object.key, because });
  return undefined;
}

/** The manifest's files with the ETags of the objects; a StepError when what lies there is not what it says. */
export function stagedFiles(
  manifest: Manifest,
  listing: readonly BucketObject[],
  bucket: Bucket,
): ModelFile[] {
  const lines = differences(manifest, listing);
  if (lines.length > 0) {
    throw new StepError('check', 'the manifest at the source does not agree with its objects', {
      evidence: lines.slice(0, 10).map((line) => `${line} (${bucket.where}, LIST)`),
      hint: `copy the model there once more, or aws s3 ls --recursive ${shellWord(`s3://${bucket.name}/${manifest.prefix}`)}   (who writes there?)`,
    });
  }
  const etags = new Map(listing.map(({ key, etag }) => [key, etag]));
  return manifest.files
    .map(({ path, size, digest }) => ({
      path,
      size,
      digest,
      ...versionOf(etags.get(manifest.prefix + path)),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whoever may write to the source may write anything there. */
function demandSound(manifest: Manifest, key: string, { where, name }: Bucket): Manifest {
  const problems = [
    !isCommit(manifest.commit) && `commit ${JSON.stringify(manifest.commit)}`,
    !manifest.prefix.endsWith('/') && `prefix ${JSON.stringify(manifest.prefix)}`,
    ...manifest.files.map(
      ({ path, digest }) => digestNamed(digest.hex) === undefined && `hash of ${JSON.stringify(path)}`,
    ),
  ].filter((problem) => problem !== false);
  if (problems.length === 0) return manifest;
  throw refusal(
    problems.slice(0, 10).map((problem) => `${problem} (${where}, ${key})`),
    `aws s3 cp ${shellWord(`s3://${name}/${key}`)} -`,
  );
}

function refusal(evidence: readonly string[], command: string): StepError {
  return new StepError('check', 'the manifest at the source is not one of ours', {
    evidence,
    hint: `${command}   (who wrote it? Of a later version: stage from there with that version, or copy the objects alone to a place of their own)`,
  });
}
