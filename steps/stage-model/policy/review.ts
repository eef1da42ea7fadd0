import type { PolicyVerdict } from '../../lib/manifest.ts';
import type { ModelFile } from '../source/listing.ts';
import type { PolicyRules, Refusal } from './policy.ts';

const harmless = 'no code, no pickles';
const reviewedAs = 'reviewed: ';

/** Refusals that stand, and the verdicts for the manifest, once reviewed files are let through. */
export function applyReview(
  refusals: readonly Refusal[],
  rules: PolicyRules,
): { standing: Refusal[]; verdicts: PolicyVerdict[] } {
  const reviewed = refusals.filter(({ hash }) => hash !== undefined && rules.allowCode.includes(hash));
  const standing = refusals.filter((refusal) => !reviewed.includes(refusal));
  const lines = [...new Set(reviewed.map(({ path, hash }) => `${path} ${hash}`))].sort();
  const verdicts: PolicyVerdict[] = [
    { rule: 'names', verdict: 'passed' },
    { rule: harmless, verdict: lines.length === 0 ? 'passed' : `${reviewedAs}${lines.join(', ')}` },
  ];
  return { standing, verdicts };
}

/**
 * What only a look at the content of these files had refused, and a review has let in, by the verdicts of a manifest: it
 * is judged again so, without a look.
 */
export function refusalsLifted(
  policy: readonly PolicyVerdict[],
  { files, refusals }: { readonly files: readonly ModelFile[]; readonly refusals: readonly Refusal[] },
): Refusal[] {
  const lifted = policy
    .filter(({ rule, verdict }) => rule === harmless && verdict.startsWith(reviewedAs))
    .map(({ verdict }) => verdict);
  const listed = new Set(refusals.map(({ path }) => path));
  return files
    .filter(({ path }) => !listed.has(path))
    .filter(({ path, digest }) => lifted.some((verdict) => verdict.includes(`${path} ${digest.hex}`)))
    .map(({ path, digest }) => ({ path, why: 'was let in after a review', hash: digest.hex }));
}
