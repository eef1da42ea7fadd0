import { randomUUID } from 'node:crypto';
import type { Bucket, UploadChecksum } from '../../lib/bucket.ts';
import { crc32Base64 } from '../../lib/bucket/crc32.ts';
import { BucketError, isDenied, isGone, unlessUnsupported } from '../../lib/bucket/error.ts';
import { md5 } from '../../lib/bucket/md5.ts';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/retry.ts';
import { abortUploads } from './abort-uploads.ts';
import { type Findings, judgeServer, type Seen } from './findings.ts';
import type { Place } from '../place.ts';

interface Probing {
  readonly bucket: Bucket;
  readonly place: Place;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Tries once, on throwaway keys under the state, what staging is going to ask of this server, and says in one line what
 * it found. A right without which nothing can be staged ends the run here, before bytes have travelled. What it puts it
 * removes again; what a killed run leaves the sweep removes.
 */
export async function probeBucket(probing: Probing): Promise<Findings> {
  const { bucket, place, log, clock, signal } = probing;
  const key = `${place.probes}${place.commit}/${clock.now().toString(36)}-${randomUUID()}`;
  const removal = ask(() => bucket.delete(`${key}.object`, signal));
  const halves = await Promise.allSettled([
    tryObjects(`${key}.object`, removal, probing),
    tryParts(`${key}.parts`, removal, probing),
  ]);
  signal.throwIfAborted();
  const [objects, parts] = halves.map((half) => {
    if (half.status === 'rejected') throw half.reason;
    return half.value;
  });
  const findings = judgeServer({ ...objects, ...parts, sent });
  const { missing, conditionalPut, ...found } = findings;
  log.info('what the bucket can', { 'conditional-put': conditionalPut, ...found });
  for (const { right, costs, error } of missing)
    log.warn(`the access key may not ${right}: ${costs}`, { seen: error.evidence[0] });
  return findings;
}

/** Removes what killed runs have left of their probes: those of this commit, and old ones of others. */
export async function removeProbes(
  { probes, commit }: Place,
  bucket: Bucket,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const mayGo = ({ key }: { readonly key: string }) => {
    const [, of, begun] = /^([^/]*)\/([0-9a-z]+)-/.exec(key.slice(probes.length)) ?? [];
    return of === commit || (begun !== undefined && now - Number.parseInt(begun, 36) > longDeadMs);
  };
  await abortUploads({ prefix: probes, mayGo }, bucket, signal);
  for (const { key } of (await bucket.list(probes, signal)).filter(mayGo)) await bucket.delete(key, signal);
}

const longDeadMs = 3_600_000;

const body = Buffer.from('llm-rollout tries what this server can; whoever finds this may remove it\n');
const sent = { md5: md5(body)?.toString('hex'), crc32: crc32Base64(body) };
const metadata = { probe: 'comes-back' };

/** A put that must not replace, its metadata, a copy. Nothing is put where nothing could be removed. */
async function tryObjects(
  key: string,
  asked: Promise<Seen['removal']>,
  { bucket, signal }: Probing,
): Promise<Partial<Seen>> {
  const removal = await asked;
  if (removal) return { removal };
  const copyKey = `${key}.copy`;
  try {
    await bucket.put(key, body, { metadata, ifNoneMatch: '*', signal });
    const replaced = await bucket.put(key, body, { metadata, ifNoneMatch: '*', signal });
    const head = await bucket.head(key, signal);
    if (!head) return { replaced };
    const copied = await succeeds(() => bucket.copy(head, copyKey, { metadata, signal }));
    return { replaced, copied, metadataCameBack: head.metadata['probe'] === metadata.probe };
  } finally {
    await Promise.allSettled([key, copyKey].map((each) => bucket.delete(each)));
  }
}

/**
 * An upload of one part, with as much for the server to check as it takes. Servers that know no CRC-32 of the whole refuse
 * it at the beginning (R2) or at the end (MinIO before 2025), which after a model's bytes would be late.
 */
async function tryParts(
  key: string,
  removal: Promise<Seen['removal']>,
  probing: Probing,
): Promise<Partial<Seen>> {
  const abortion = await ask(() => probing.bucket.abortUpload(key, 'none'));
  if (abortion) return { abortion };
  const mayComplete = (await removal) === undefined;
  let refused: unknown;
  for (const checksum of ['whole', 'parts', 'none'] as const) {
    try {
      return await tryUpload({ key, checksum, mayComplete }, probing);
    } catch (error) {
      refused = error;
      if (isNotUnderstood(error)) continue;
      // Another run of this commit has finished and swept: what we find no longer matters.
      if (isGone(error)) return {};
      break;
    }
  }
  throw refused;
}

interface Trial {
  readonly key: string;
  readonly checksum: UploadChecksum;
  /** Not where nobody could remove the object. */
  readonly mayComplete: boolean;
}

async function tryUpload(
  { key, checksum, mayComplete }: Trial,
  { bucket, signal }: Probing,
): Promise<Partial<Seen>> {
  const uploadId = await bucket.createUpload(key, { checksum, signal });
  let isPending = true;
  try {
    const sent = await bucket.uploadPart({ key, uploadId, partNumber: 1, body, checksum, signal });
    const uploadListed = await howListed({ key, uploadId }, bucket, signal);
    const parts = await unlessUnsupported([], () => bucket.listParts(key, uploadId, signal));
    if (mayComplete) {
      await bucket.completeUpload({ key, uploadId, parts: [sent], size: body.length, checksum }, signal);
      isPending = false;
    }
    return {
      checksum,
      uploadListed,
      partListed: parts.length > 0,
      part: parts[0] ?? { etag: sent.etag },
    };
  } finally {
    await Promise.allSettled([
      ...(isPending ? [bucket.abortUpload(key, uploadId)] : []),
      ...(mayComplete ? [bucket.delete(key)] : []),
    ]);
  }
}

/** MinIO names an upload to whoever asks for its very key only. */
async function howListed(
  { key, uploadId }: { readonly key: string; readonly uploadId: string },
  bucket: Bucket,
  signal: AbortSignal,
): Promise<NonNullable<Seen['uploadListed']>> {
  const isListed = async (prefix: string) => {
    const uploads = await unlessUnsupported([], () => bucket.listUploads(prefix, signal));
    return uploads.some((upload) => upload.uploadId === uploadId);
  };
  if (await isListed(key.slice(0, key.lastIndexOf('/') + 1))) return 'folder';
  return (await isListed(key)) ? 'key' : 'never';
}

/** How servers refuse a header that they do not know, or a checksum that they make otherwise; GCS calls it a condition. */
function isNotUnderstood(error: unknown): boolean {
  return error instanceof BucketError && [400, 412, 501].includes(error.status);
}

/** Asks to remove what is not there: of the answers of a server that is there only a missing right counts. */
async function ask(request: () => Promise<unknown>): Promise<Seen['removal']> {
  try {
    await request();
  } catch (error) {
    if (isDenied(error)) return error;
    if (!(error instanceof BucketError) || error.failure === 'unavailable') throw error;
  }
  return undefined;
}

async function succeeds(request: () => Promise<unknown>): Promise<boolean> {
  try {
    await request();
    return true;
  } catch {
    return false;
  }
}
