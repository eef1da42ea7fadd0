import type { BucketObject } from '../lib/bucket.ts';
import { StepError } from '../lib/errors.ts';
import { shellWord } from '../lib/shell-word.ts';
import { leftovers, type WantedFile } from './plan.ts';
import { refuseWhenCommitted, type Transfer } from './transfer.ts';

type Means = Pick<Transfer, 'bucket' | 'place' | 'signal'>;

/**
 * Whether nothing lies under the prefix that stage-model has put there and this selection does not want. It may be of a
 * commit that a run with another --state-prefix or --model has made, whose marker is not seen from here: it is left alone.
 */
export async function demandNoOthers(
  listing: readonly BucketObject[],
  files: readonly WantedFile[],
  { bucket, signal }: Means,
): Promise<void> {
  const staged: string[] = [];
  for (const key of keysOf(listing, files)) {
    const { metadata = {} } = (await bucket.head(key, signal)) ?? {};
    if ('sha256' in metadata || 'git-sha1' in metadata) staged.push(key);
    if (staged.length === 10) break;
  }
  if (staged.length === 0) return;
  throw new StepError('check', 'this commit was staged there with files that are not wanted now', {
    evidence: staged.map((key) => `${key} carries a digest of stage-model (${bucket.where}, HEAD)`),
    hint: `aws s3 rm ${shellWord(`s3://${bucket.name}/${staged[0]}`)}   (and each other key above, when nobody serves them: what else was moved is kept. Or use the --ignore, --vocabulary, --state-prefix and --model of that time; or another --prefix)`,
  });
}

/** Takes away what others have put there. */
export async function removeLeftovers(
  listing: readonly BucketObject[],
  files: readonly WantedFile[],
  transfer: Transfer,
): Promise<void> {
  await demandNoOthers(listing, files, transfer);
  for (const key of keysOf(listing, files)) {
    await refuseWhenCommitted(transfer);
    transfer.log.warn('removing an object that is not of this selection', { key });
    await transfer.bucket.delete(key, transfer.signal);
  }
}

function keysOf(listing: readonly BucketObject[], files: readonly WantedFile[]): string[] {
  return leftovers(
    listing.map(({ key }) => key),
    files,
  );
}
