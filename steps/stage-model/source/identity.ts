import { isCommit, sha256 } from '../../lib/digest.ts';
import { StepError } from '../../lib/errors.ts';
import type { ModelFile } from './listing.ts';
import { spec } from '../spec.ts';

/**
 * 40 hex digits that stand for the commit of files that have none: the beginning of the SHA-256 over what `sha256sum`
 * prints for all of them (`<sha256>  <path>` and a newline each) in the order of their paths' bytes. The same files
 * give the same digits from any folder and any bucket, whatever is ignored later.
 */
export function contentIdentity(files: readonly ModelFile[]): string {
  const lines = files
    .map(({ path, digest }) => ({ path: Buffer.from(path), line: `${digest.hex}  ${path}\n` }))
    .sort((a, b) => Buffer.compare(a.path, b.path))
    .map(({ line }) => line);
  return sha256(Buffer.from(lines.join(''))).slice(0, 40);
}

/** A source that is no Hub has no branches: its revision is left at the default, or names what lies there. */
export function demandPinnable(revision: string, where: string): void {
  if (isDefault(revision) || isCommit(revision)) return;
  throw new StepError('usage', `${where} has no branches and tags, so none called ${revision}`, {
    evidence: [`--revision=${revision}, for --source only ${spec.params.revision.default} or 40 hex digits`],
    hint: `leave --revision at ${spec.params.revision.default}; the log of a --dry-run says what lies there`,
  });
}

export function demandPin(revision: string, commit: string, where: string): void {
  if (isDefault(revision) || revision === commit) return;
  throw new StepError('usage', `what lies at the source is not ${revision}`, {
    evidence: [`its identity is ${commit} (${where})`],
    hint: `--revision=${commit}, once you know why it is another; or leave --revision at ${spec.params.revision.default}`,
  });
}

export function isDefault(revision: string): boolean {
  return revision === spec.params.revision.default;
}
