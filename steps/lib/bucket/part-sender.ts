import { createHash } from 'node:crypto';
import { crc32Base64 } from './crc32.ts';
import { type PartAnswer, type PartRequest, sendPart, type SendOptions } from './send-part.ts';

/** Does what has to be done with the bytes of a part: here, or in a thread that shares their memory. */
export interface PartSender {
  /** CRC-32 in base64, and SHA-256 in hex where the signature has to cover the bytes. */
  digest(body: Buffer, signed: boolean): Promise<PartDigest>;
  send(request: PartRequest, signal?: AbortSignal): Promise<PartAnswer>;
}

export interface PartDigest {
  readonly crc32: string;
  readonly sha256?: string;
}

/** In the thread that asks. */
export function createPartSender(options: Omit<SendOptions, 'signal'>): PartSender {
  return {
    digest: async (body, signed) => ({
      crc32: crc32Base64(body),
      ...(signed && { sha256: createHash('sha256').update(body).digest('hex') }),
    }),
    send: (request, signal) => sendPart(request, { ...options, signal }),
  };
}
