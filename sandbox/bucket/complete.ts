import { type Checksum, receiveText } from './body.ts';
import type { Answer, Call } from './call.ts';
import { checksumOf } from './checksums.ts';
import { checkWrite } from './conditions.ts';
import { etagOfParts, quoted, unquoted } from './etag.ts';
import { noSuchUpload, Refusal } from './refusal.ts';
import type { StoredObject, StoredPart, Upload } from './store.ts';
import { elements, renderXml, text } from './xml.ts';

export async function completeMultipartUpload(call: Call): Promise<Answer> {
  const { request, bucket, store, dialect } = call;
  const id = request.query['uploadId'] ?? '';
  const listed = parseParts(await receiveText(call.body, dialect, 'of the object'));
  const upload = bucket.uploads.get(id);
  const done = bucket.completed.get(id);
  if (done?.key === request.key && dialect.secondComplete === 'ok') return answer(call, done.etag);
  if (!upload || upload.key !== request.key) throw noSuchUpload(id);
  const parts = chooseParts(call, upload, listed);
  checkDeclaredSize(call, parts);
  if (dialect.conditionalComplete) checkWrite(call);
  const checksum = checksumOf(upload, parts);
  checkDeclaredChecksum(call, checksum);
  const object: StoredObject = {
    key: upload.key,
    size: parts.reduce((sum, { segment }) => sum + segment.size, 0),
    etag: etagOfParts(
      parts.map(({ etag }) => etag),
      dialect,
    ),
    modified: call.now(),
    contentType: upload.contentType,
    metadata: upload.metadata,
    checksum,
    segments: parts.map(({ segment }) => segment),
  };
  bucket.uploads.delete(id);
  bucket.completed.set(id, { key: object.key, etag: object.etag });
  await store.putObject(bucket, object);
  await store.release([...upload.parts.values()].map(({ segment }) => segment));
  return answer(call, object.etag);
}

interface ListedPart {
  readonly number: number;
  readonly etag: string;
  /** The whole `<Part>`, for its checksums. */
  readonly xml: string;
}

function parseParts(xml: string): ListedPart[] {
  const parts = elements(xml, 'Part').map((part) => ({
    number: Number(text(part, 'PartNumber')),
    etag: unquoted(text(part, 'ETag') ?? ''),
    xml: part,
  }));
  if (parts.length === 0 || parts.some(({ number, etag }) => !Number.isInteger(number) || etag === ''))
    throw new Refusal(
      400,
      'MalformedXML',
      'The XML you provided was not well-formed or did not validate against our published schema',
    );
  return parts;
}

/** The parts that the client lists must be in order, all there, with their ETags, and big enough but for the last. */
function chooseParts(
  { smallestPart, dialect }: Call,
  upload: Upload,
  listed: readonly ListedPart[],
): StoredPart[] {
  if (listed.some((part, i) => i > 0 && part.number <= (listed[i - 1]?.number ?? 0)))
    throw new Refusal(
      400,
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
    );
  const parts = listed.map((wanted) => {
    const part = upload.parts.get(wanted.number);
    if (!part || part.etag !== wanted.etag) throw invalidPart(wanted, upload);
    checkPartChecksum(upload, part, { wanted, demanded: dialect.demandsPartChecksums });
    return part;
  });
  const small = parts.slice(0, -1).find(({ segment }) => segment.size < smallestPart);
  if (small)
    throw new Refusal(
      400,
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      {
        ProposedSize: small.segment.size,
        MinSizeAllowed: smallestPart,
        PartNumber: small.number,
        ETag: small.etag,
      },
    );
  return parts;
}

function checkPartChecksum(
  upload: Upload,
  part: StoredPart,
  { wanted, demanded }: { wanted: ListedPart; demanded: boolean },
): void {
  if (upload.algorithm === undefined) return;
  const given = text(wanted.xml, `Checksum${upload.algorithm.toUpperCase()}`);
  if (given === undefined && upload.checksumType === 'FULL_OBJECT' && !demanded) return;
  if (given === undefined)
    throw new Refusal(
      400,
      'InvalidRequest',
      `The upload was created using a ${upload.algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${wanted.number} in the request.`,
    );
  if (given !== part.checksum?.value) throw invalidPart(wanted, upload);
}

function invalidPart({ number, etag }: ListedPart, upload: Upload): Refusal {
  return new Refusal(
    400,
    'InvalidPart',
    "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { UploadId: upload.id, PartNumber: number, ETag: etag },
  );
}

function checkDeclaredSize({ request }: Call, parts: readonly StoredPart[]): void {
  const declared = request.headers['x-amz-mp-object-size'];
  const size = parts.reduce((sum, { segment }) => sum + segment.size, 0);
  if (declared !== undefined && Number(declared) !== size)
    throw new Refusal(
      400,
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${String(declared)} does not match what was computed: ${size}`,
    );
}

function checkDeclaredChecksum({ request }: Call, checksum: Checksum | undefined): void {
  const declared = checksum && request.headers[`x-amz-checksum-${checksum.algorithm}`];
  if (declared !== undefined && declared !== checksum?.value)
    throw new Refusal(
      400,
      'BadDigest',
      `The ${checksum?.algorithm} you specified did not match the calculated checksum.`,
    );
}

function answer({ request, bucket }: Call, etag: string): Answer {
  return {
    status: 200,
    text: renderXml('CompleteMultipartUploadResult', {
      Location: `/${bucket.name}/${request.key}`,
      Bucket: bucket.name,
      Key: request.key,
      ETag: quoted(etag),
    }),
  };
}
