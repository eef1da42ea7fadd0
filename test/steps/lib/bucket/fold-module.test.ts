import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { blockBytes, createFoldModule, tailBytes } from '../../../../steps/lib/bucket/fold-module.ts';

declare const WebAssembly: {
  readonly instantiate: (
    bytes: Uint8Array,
  ) => Promise<{ instance: { exports: { memory: { buffer: ArrayBuffer }; fold(end: number): void } } }>;
};

const tailBlocks = tailBytes / blockBytes;
const mostBlocks = 2 * tailBlocks + 1;
/** Of zlib, which inverts: it begins with a remainder of nothing. */
const nothing = 0xffffffff;

test.each([tailBlocks + 1, tailBlocks + 144, tailBlocks + 146, tailBlocks + 212, 2 * tailBlocks, mostBlocks])(
  'the tail of %i blocks has the remainder of them all, and the zeros before them stay',
  async (blocks) => {
    const module = createFoldModule(tailBytes + mostBlocks * blockBytes);
    const { memory, fold } = (await WebAssembly.instantiate(module)).instance.exports;
    const end = tailBytes + blocks * blockBytes;
    const bytes = Buffer.from(memory.buffer);
    for (let at = tailBytes; at < end; at += 1) bytes[at] = at * 31 + (at >> 7);
    const whole = crc32(bytes.subarray(tailBytes, end), nothing);
    fold(end);
    expect(crc32(bytes.subarray(end - tailBytes, end), nothing)).toBe(whole);
    expect(bytes.subarray(0, tailBytes).every((byte) => byte === 0)).toBe(true);
  },
);
