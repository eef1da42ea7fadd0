import type { Bucket } from '../../lib/bucket.ts';
import { isAbsent, isPastEnd, isPreconditionFailed } from '../../lib/bucket/error.ts';
import type { Range } from '../../lib/bucket/parts.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { FoundFile } from './listing.ts';
import type { Source, SourceDescription } from './origin.ts';
import { sourceChanged } from './source-changed.ts';

/** The objects under a prefix, each only as long as it has the ETag that was listed. */
export function bucketSource(bucket: Bucket, prefix: string, description?: SourceDescription): Source {
  return {
    where: whereOf(bucket, prefix),
    suspicion: 'was the object replaced after it was listed there?',
    read: (file, range, signal) => readBucketFile(bucket, prefix, file, { ...range, signal }),
    hashCommand: ({ path, digest }) =>
      `aws s3 cp ${shellWord(`s3://${bucket.name}/${prefix}${path}`)} - | ${digest.algorithm === 'sha256' ? 'sha256sum' : 'git hash-object --stdin'}`,
    ...(description ? { description } : {}),
  };
}

/** `s3://models at https://s3.example.com, models/x/`. */
export function whereOf(bucket: Bucket, prefix: string): string {
  return prefix === '' ? bucket.where : `${bucket.where}, ${prefix}`;
}

/** Nothing where a listing gives no ETag: then only the size tells whether a file is still the same, and its hash. */
export function versionOf(etag: string | undefined): Pick<FoundFile, 'version'> {
  return etag ? { version: etag } : {};
}

export async function* readBucketFile(
  bucket: Bucket,
  prefix: string,
  { path, version }: FoundFile,
  { start, end, signal }: Range & { readonly signal: AbortSignal },
): AsyncGenerator<Buffer> {
  const range = { start, end, ...(version === undefined ? {} : { etag: version }) };
  try {
    yield* bucket.read(prefix + path, range, signal);
  } catch (error) {
    if (isAbsent(error)) throw sourceChanged(path, 'it is gone', whereOf(bucket, prefix));
    if (!isPreconditionFailed(error) && !isPastEnd(error)) throw error;
    throw sourceChanged(path, error.evidence.join('; '), whereOf(bucket, prefix));
  }
}
