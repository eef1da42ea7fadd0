import type { S3Client } from '@aws-sdk/client-s3';
import { S3Answer } from './answer.ts';
import type { DataConnection } from './connection.ts';
import { percentEncode } from './percent.ts';
import type { PartRequest } from './send-part.ts';

export interface UnsignedPart {
  readonly key: string;
  readonly uploadId: string;
  readonly partNumber: number;
  readonly body: Buffer;
  /** In base64. */
  readonly crc32: string | undefined;
  /** Of the body, in hex, where the signature has to cover it. */
  readonly sha256: string | undefined;
}

/** Makes the request that uploads a part. */
export interface PartSigner {
  sign(part: UnsignedPart): Promise<PartRequest>;
  /** Takes the clock of a server that refused ours for its own. */
  learnFrom(refusal: unknown): void;
}

/**
 * With the SDK's signer, but past its commands: all that an UploadPartCommand goes through takes ten times as long as the
 * signature, in the thread that hashes.
 */
export function createPartSigner(client: S3Client, connection: DataConnection): PartSigner {
  const { config } = client;
  let signer: ReturnType<typeof config.signer> | undefined;
  return {
    async sign(part) {
      const request = requestOf(part, connection);
      signer ??= config.signer();
      const signingDate = new Date(Date.now() + config.systemClockOffset);
      const { headers } = await (await signer).sign(request, { signingDate });
      return { ...request, headers, body: part.body };
    },
    learnFrom(refusal) {
      if (!(refusal instanceof S3Answer) || refusal.code !== 'RequestTimeTooSkewed') return;
      const theirs = Date.parse(refusal.headers['date'] ?? '');
      if (!Number.isNaN(theirs)) config.systemClockOffset = theirs - Date.now();
    },
  };
}

function requestOf(part: UnsignedPart, { endpoint, bucket }: DataConnection) {
  const { key, uploadId, partNumber, body, crc32, sha256 = 'UNSIGNED-PAYLOAD' } = part;
  const { protocol, hostname, port, host } = endpoint;
  return {
    method: 'PUT',
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path: `/${[bucket, ...key.split('/')].map(percentEncode).join('/')}`,
    query: { partNumber: String(partNumber), uploadId },
    headers: {
      host,
      'user-agent': 'llm-rollout',
      'content-type': 'application/octet-stream',
      'content-length': String(body.length),
      'x-amz-content-sha256': sha256,
      // Ceph 19 looks at a checksum only where its name is there too.
      ...(crc32 !== undefined && {
        'x-amz-checksum-crc32': crc32,
        'x-amz-sdk-checksum-algorithm': 'CRC32',
      }),
    },
  };
}
