import { createHash } from 'node:crypto';
import { crc32Base64 } from './crc32.ts';
import { type PartAnswer, type PartRequest, sendPart, type SendOptions } from './send-part.ts';

/** Does what has to be done with the bytes of a part: here, or in a thread that shares their memory. */
export interface PartSender {
  /** What is asked for, and no more: each takes a look at every byte. */
  digest(body: Buffer, wanted: WantedDigest): Promise<PartDigest>;
  send(request: PartRequest, signal?: AbortSignal): Promise<PartAnswer>;
}

export type WantedDigest = Readonly<Record<keyof PartDigest, boolean>>;

export interface PartDigest {
  /** In base64. */
  readonly crc32?: string;
  /** In hex, for a signature that covers the bytes. */
  readonly sha256?: string;
}

/** In the thread that asks. */
export function createPartSender(options: Omit<SendOptions, 'signal'>): PartSender {
  return {
    digest: async (body, { crc32, sha256 }) => ({
      ...(crc32 && { crc32: crc32Base64(body) }),
      ...(sha256 && { sha256: createHash('sha256').update(body).digest('hex') }),
    }),
    send: (request, signal) => sendPart(request, { ...options, signal }),
  };
}
