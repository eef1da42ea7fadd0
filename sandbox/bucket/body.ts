import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import type { Call } from './call.ts';
import type { Dialect } from './dialects.ts';
import { Refusal } from './refusal.ts';

/** Bytes that arrived and were found to be what the headers declare, unless they were dropped. */
export interface Received {
  readonly size: number;
  /** Those from the beginning on that were not dropped; all of them unless set. */
  readonly kept?: number;
  /** Hex; only where the dialect makes ETags of it. */
  readonly md5: string | undefined;
  readonly checksum: Checksum | undefined;
}

/** `x-amz-checksum-<algorithm>` and its base64 value. */
export interface Checksum {
  readonly algorithm: string;
  readonly value: string;
}

/** What a server that discards keeps of each body all the same: manifests, notes and headers are read again. */
const keptBytes = 64 * 1024;

/** Streams the body into a file; the file is gone again when the body is refused or cut. */
export async function receiveFile(
  { body, dialect, discards }: Pick<Call, 'body' | 'dialect' | 'discards'>,
  path: string,
): Promise<Received> {
  const size = Number(body.headers['content-length']);
  if (discards && size > keptBytes) {
    await keepBeginning(body, path);
    return { size, kept: keptBytes, md5: undefined, checksum: declaredChecksum(body.headers, dialect) };
  }
  const meter = createMeter(body.headers, dialect, dialect.etag === 'md5');
  body.on('data', meter.update);
  try {
    await pipeline(body, createWriteStream(path, { highWaterMark: 4 * 1024 * 1024 }));
    return meter.settle();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function keepBeginning(body: IncomingMessage, path: string): Promise<void> {
  const chunks: Buffer[] = [];
  let kept = 0;
  const keep = (chunk: Buffer) => {
    chunks.push(chunk.subarray(0, keptBytes - kept));
    kept += chunk.length;
    if (kept >= keptBytes) body.off('data', keep);
  };
  await finished(body.on('data', keep));
  await writeFile(path, Buffer.concat(chunks));
}

const maxText = 4 * 1024 * 1024;

/** A small body as text: XML. A checksum in the headers of a completion is that of the object, not of this body. */
export async function receiveText(
  req: IncomingMessage,
  dialect: Dialect,
  checksum: 'of the body' | 'of the object' = 'of the body',
): Promise<string> {
  const checks = checksum === 'of the body' ? dialect : { ...dialect, checksums: false };
  const meter = createMeter(req.headers, checks, false);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    meter.update(chunk);
    size += chunk.length;
    if (size > maxText) throw new Refusal(400, 'MaxMessageLengthExceeded', 'Your request was too big.');
    chunks.push(chunk);
  }
  meter.settle();
  return Buffer.concat(chunks).toString('utf8');
}

/** What must be known before a body is read: its length, and that it is not framed in a way old servers refuse. */
export function refuseStreaming(method: string, headers: IncomingHttpHeaders): void {
  const payload = String(headers['x-amz-content-sha256'] ?? '');
  const missing = method === 'PUT' && headers['content-length'] === undefined;
  if (missing || payload.startsWith('STREAMING-') || headers['transfer-encoding'] !== undefined)
    throw new Refusal(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  if (payload !== 'UNSIGNED-PAYLOAD' && !/^[0-9a-f]{64}$/.test(payload))
    throw new Refusal(
      400,
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD or a valid sha256 value.',
    );
}

interface Meter {
  update(chunk: Buffer): void;
  settle(): Received;
}

/** Hashes only what must be checked or kept: a sink has to be faster than what it measures. */
function createMeter(headers: IncomingHttpHeaders, dialect: Dialect, needsMd5: boolean): Meter {
  const declared = declaredChecksum(headers, dialect);
  const declaredMd5 = dialect.verifiesPayload ? headers['content-md5'] : undefined;
  const payload = String(headers['x-amz-content-sha256']);
  const sha256 = dialect.verifiesPayload && payload !== 'UNSIGNED-PAYLOAD' ? createHash('sha256') : undefined;
  const md5 = needsMd5 || declaredMd5 !== undefined ? createHash('md5') : undefined;
  const checksum = declared && startChecksum(declared.algorithm);
  let size = 0;
  return {
    update(chunk) {
      size += chunk.length;
      sha256?.update(chunk);
      md5?.update(chunk);
      checksum?.update(chunk);
    },
    settle() {
      const digest = md5?.digest();
      if (sha256 && sha256.digest('hex') !== payload)
        throw new Refusal(
          400,
          'XAmzContentSHA256Mismatch',
          "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
      if (declaredMd5 !== undefined && digest?.toString('base64') !== declaredMd5)
        throw badDigest('Content-MD5');
      if (declared && checksum?.value() !== declared.value) throw badDigest(declared.algorithm.toUpperCase());
      return { size, md5: digest?.toString('hex'), checksum: declared };
    },
  };
}

function badDigest(what: string): Refusal {
  return new Refusal(400, 'BadDigest', `The ${what} you specified did not match what we received.`);
}

function declaredChecksum(headers: IncomingHttpHeaders, dialect: Dialect): Checksum | undefined {
  if (!dialect.checksums) return undefined;
  const prefix = 'x-amz-checksum-';
  const name = Object.keys(headers).find((name) => name.startsWith(prefix) && !notValues.has(name));
  return name === undefined
    ? undefined
    : { algorithm: name.slice(prefix.length), value: String(headers[name]) };
}

const notValues = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-type', 'x-amz-checksum-mode']);

interface RunningChecksum {
  update(chunk: Buffer): void;
  value(): string;
}

function startChecksum(algorithm: string): RunningChecksum {
  if (algorithm === 'crc32') {
    let crc = 0;
    return {
      update: (chunk) => {
        crc = crc32(chunk, crc);
      },
      value: () => crc32Base64(crc),
    };
  }
  if (algorithm !== 'sha1' && algorithm !== 'sha256')
    throw new Refusal(501, 'NotImplemented', `The sandbox does not know x-amz-checksum-${algorithm}.`);
  const hash: Hash = createHash(algorithm);
  return { update: (chunk) => hash.update(chunk), value: () => hash.digest('base64') };
}

export function crc32Base64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}
