import type { Bucket, BucketObject } from '../../lib/bucket.ts';
import { StepError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { isFolder } from '../../lib/manifest.ts';
import type { Clock } from '../../lib/retry.ts';
import { bucketSource, readBucketFile, versionOf, whereOf } from './bucket-source.ts';
import { type KnownCommit, noteLimit, notesFolder, readDownload } from './download.ts';
import { hashFiles } from './hash-files.ts';
import { contentIdentity, demandPin, demandPinnable } from './identity.ts';
import type { FoundFile } from './listing.ts';
import { readLicense } from './model-card.ts';
import type { Origin, SourceDescription } from './origin.ts';
import { familyOf } from '../place.ts';
import { findStaged, stagedFiles } from './staged-source.ts';

interface BucketOriginOptions {
  readonly bucket: Bucket;
  /** With its trailing slash; empty for the whole bucket. */
  readonly prefix: string;
  readonly params: {
    readonly model: string;
    readonly revision: string;
    readonly prefix: string;
    readonly statePrefix: string;
    readonly connections: number;
  };
  /** Where the model is to be staged. */
  readonly destination: Bucket;
  readonly log: Log;
  readonly clock: Clock;
  /** The source as plain data, of which `makeSource` makes it again, under the prefix that is found. */
  readonly describe?: (prefix: string) => SourceDescription;
}

/**
 * A model in a bucket, another one or this one. What this tool has staged there keeps its commit and the hashes of its
 * manifest, and what `hf download` has noted there those of its notes; else every object is read and hashed once.
 */
export function bucketOrigin(options: BucketOriginOptions): Origin {
  const { bucket, params, log } = options;
  return {
    async open(signal) {
      demandPinnable(params.revision, whereOf(bucket, options.prefix));
      demandApart(options);
      const staged = await findStaged(bucket, { ...params, prefix: options.prefix, log }, signal);
      const prefix = staged?.prefix ?? options.prefix;
      const where = whereOf(bucket, prefix);
      const listing = (await bucket.list(prefix, signal)).filter(({ key }) => !isFolder(key));
      const source = bucketSource(bucket, prefix, options.describe?.(prefix));
      const known: KnownCommit = staged
        ? { commit: staged.commit, files: stagedFiles(staged, listing, bucket), leftOut: [] }
        : await readKnown(listing, prefix, bucket, signal);
      if ('commit' in known) log.info('the source names its commit', { commit: known.commit, source: where });
      const { commit, files } =
        'commit' in known
          ? known
          : await nameByContent(filesOf(listing, prefix), known.why, { ...options, prefix, signal });
      demandPin(params.revision, commit, where);
      const license = await readLicense(files, source.read, signal);
      return { commit, ...(license === undefined ? {} : { license }), files, source };
    },
  };
}

/** A source in which the model is also stored would grow by every run, and a run would take away what it reads. */
function demandApart({ bucket, destination, prefix, params }: BucketOriginOptions): void {
  if (bucket.where !== destination.where) return;
  const places = [familyOf(params), `${params.statePrefix}/`];
  const overlap = places.find((place) => place.startsWith(prefix) || prefix.startsWith(place));
  if (overlap === undefined) return;
  throw new StepError('usage', 'the source and what is written lie in one another', {
    evidence: [`--source s3://${bucket.name}/${prefix}, written is ${overlap} (${destination.where})`],
    hint: 'choose a --prefix outside of the source, such as staged/<owner>/<name>',
  });
}

async function readKnown(
  listing: readonly BucketObject[],
  prefix: string,
  bucket: Bucket,
  signal: AbortSignal,
): Promise<KnownCommit> {
  const files = filesOf(listing, prefix);
  if (files.length === 0) throw nothingThere(bucket, prefix);
  const folder = prefix + notesFolder;
  const notes = new Map(
    listing
      .filter(({ key }) => key.startsWith(folder))
      .map(({ key, size }) => [key.slice(folder.length), size] as const),
  );
  return readDownload(
    files,
    {
      paths: [...notes.keys()],
      read: async (path, signal) =>
        (notes.get(path) ?? 0) > noteLimit ? undefined : bucket.get(folder + path, signal),
      where: whereOf(bucket, prefix),
    },
    signal,
  );
}

/** What lies under the prefix, without what people copy along with a folder. */
function filesOf(listing: readonly BucketObject[], prefix: string): FoundFile[] {
  return listing
    .map(({ key, size, etag }) => ({ path: key.slice(prefix.length), size, ...versionOf(etag) }))
    .filter(({ path }) => !path.startsWith('.cache/huggingface/') && !path.startsWith('.git/'))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function nameByContent(
  found: readonly FoundFile[],
  why: string,
  { bucket, prefix, params, log, clock, signal }: BucketOriginOptions & { readonly signal: AbortSignal },
) {
  const bytes = found.reduce((sum, { size }) => sum + size, 0);
  log.info('reading every object of the source once, to name it', {
    because: why,
    files: found.length,
    bytes,
  });
  const files = await hashFiles(found, {
    atOnce: params.connections,
    where: whereOf(bucket, prefix),
    read: (file, range, signal) => readBucketFile(bucket, prefix, file, { ...range, signal }),
    log,
    clock,
    signal,
  });
  return { commit: contentIdentity(files), files };
}

function nothingThere(bucket: Bucket, prefix: string): StepError {
  return new StepError('refused', `nothing lies under s3://${bucket.name}/${prefix}`, {
    evidence: [`no object with that prefix (${bucket.where}, LIST ${prefix})`],
    hint: `aws s3 ls s3://${bucket.name}/${prefix}   (is it the right server? --source-secret names one of its own)`,
  });
}
