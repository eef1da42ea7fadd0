import type { UploadChecksum, UploadedPart } from '../../lib/bucket.ts';
import type { BucketError } from '../../lib/bucket/error.ts';

/** What the throwaway keys showed; what could not be tried is absent. */
export interface Seen {
  /** The error that refuses the right to remove objects, and uploads; absent when it is granted. */
  readonly removal?: BucketError | undefined;
  readonly abortion?: BucketError | undefined;
  /** Whether a second put with If-None-Match put something. */
  readonly replaced?: boolean;
  readonly metadataCameBack?: boolean;
  readonly copied?: boolean;
  /** What went with an upload that was taken, to its completion where that could be tried. */
  readonly checksum?: UploadChecksum;
  /** Among those of its folder, or only to whoever asks for its very key. */
  readonly uploadListed?: 'folder' | 'key' | 'never';
  readonly partListed?: boolean;
  /** What the server calls a part that it has. */
  readonly part?: Pick<UploadedPart, 'etag' | 'checksum'>;
  /** What was sent as that part; without an MD5 where the platform has none. */
  readonly sent: { readonly md5?: string | undefined; readonly crc32: string };
}

/** What this server can, for what depends on it. */
export interface Findings {
  /** Whether a put with If-None-Match keeps what is there. */
  readonly conditionalPut: boolean | 'unknown';
  /** What uploads carry for the server to check. */
  readonly checksum: UploadChecksum;
  /** What the server says of a part that depends on its bytes. */
  readonly proof: 'crc32' | 'md5' | 'nothing' | 'unknown';
  /** Whether a later run can find pending uploads and their parts; `by-key` only by asking for each object. */
  readonly resume: boolean | 'by-key' | 'unknown';
  readonly copy: boolean | 'unknown';
  readonly metadata: boolean | 'unknown';
  /** Rights that only tidying up needs. */
  readonly missing: readonly {
    readonly right: string;
    readonly costs: string;
    readonly error: BucketError;
  }[];
}

export function judgeServer(seen: Seen): Findings {
  const { removal, abortion, replaced } = seen;
  return {
    conditionalPut: replaced === undefined ? 'unknown' : !replaced,
    checksum: seen.checksum ?? 'whole',
    proof: judgeProof(seen),
    resume: judgeResume(seen),
    copy: seen.copied ?? 'unknown',
    metadata: seen.metadataCameBack ?? 'unknown',
    missing: [
      missingRight('s3:DeleteObject', 'notes and leftovers stay', removal),
      missingRight(
        's3:AbortMultipartUpload',
        'parts of uploads that fail stay and take room, and a commit may wait for it after runs that were killed',
        abortion,
      ),
    ].flat(),
  };
}

function judgeResume({ part, uploadListed, partListed }: Seen): Findings['resume'] {
  if (part === undefined) return 'unknown';
  if (!partListed) return false;
  return uploadListed === 'key' ? 'by-key' : uploadListed === 'folder';
}

function judgeProof({ part, sent }: Seen): Findings['proof'] {
  if (part === undefined) return 'unknown';
  if (part.checksum === sent.crc32) return 'crc32';
  if (sent.md5 === undefined) return 'unknown';
  return part.etag === sent.md5 ? 'md5' : 'nothing';
}

function missingRight(right: string, costs: string, error: BucketError | undefined): Findings['missing'] {
  return error ? [{ right, costs, error }] : [];
}

/** Whether the signature of a part has to cover its bytes: not where the server was seen to keep the CRC-32 that it was sent. */
export function signsParts(
  asked: 'auto' | 'always',
  { checksum, proof }: Pick<Findings, 'checksum' | 'proof'>,
): boolean {
  return asked === 'always' || checksum === 'none' || proof !== 'crc32';
}
