import { isCommit } from '../lib/digest.ts';
import { StepError } from '../lib/errors.ts';
import { type Manifest, readManifest, type StoredManifest } from '../lib/manifest.ts';
import { demandAsStaged } from './commit.ts';
import { type Place, placeOf } from './place.ts';
import { rulesWith } from './policy/default-rules.ts';
import { judgeListing } from './policy/policy.ts';
import { applyReview, refusalsLifted } from './policy/review.ts';
import { ruleLines } from './policy/select.ts';
import type { Stage } from './stage.ts';

interface StagedBefore {
  readonly place: Place;
  readonly stored: StoredManifest;
}

/**
 * A commit that is asked for by its hash and lies in the bucket as its manifest says, although its source is away or no longer
 * has it: just then somebody may want to go back to it. Throws the error of the source where the manifest alone cannot tell.
 */
export async function findStagedWithout(sourceError: unknown, stage: Stage): Promise<StagedBefore> {
  const { params, bucket, log, signal } = stage;
  if (!isAboutSource(sourceError) || !isCommit(params.revision) || params.dryRun) throw sourceError;
  const place = placeOf(params, params.revision);
  const stored = await readManifest(bucket, place.manifest, signal).catch(() => undefined);
  if (!stored || !isWanted(stored.manifest, place, stage)) throw sourceError;
  await demandAsStaged(stored.manifest, { ...stage, place });
  log.warn('the source does not give this commit; it is staged, so its manifest decides', {
    because: sourceError.message,
    seen: sourceError.evidence[0],
  });
  return { place, stored };
}

function isAboutSource(error: unknown): error is StepError {
  return error instanceof StepError && (error.failure === 'unavailable' || error.failure === 'refused');
}

/**
 * Not where more is asked than a manifest can answer: a reading of all bytes, another place, other files, another
 * vocabulary, a stricter policy.
 */
function isWanted(manifest: Manifest, place: Place, { params }: Stage): boolean {
  const { vocabulary, readBack, ignore } = params;
  const { files, policy, selection } = manifest;
  if (readBack === 'always' || !isOf(place, manifest)) return false;
  if (JSON.stringify(selection) !== JSON.stringify(ruleLines(rulesWith(ignore)))) return false;
  if (vocabulary !== 'auto' && (vocabulary === 'always') !== (manifest.vocabulary !== null)) return false;
  const refusals = judgeListing({ model: place.model, license: undefined, files }, params);
  const lifted = refusalsLifted(policy, { files, refusals });
  return applyReview([...refusals, ...lifted], params).standing.length === 0;
}

function isOf({ model, commit, prefix }: Place, manifest: Manifest): boolean {
  return manifest.repository === model && manifest.commit === commit && manifest.prefix === prefix;
}
