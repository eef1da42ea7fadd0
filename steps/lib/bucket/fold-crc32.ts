import { crc32 } from 'node:zlib';
import { blockBytes, createFoldModule, tailBytes } from './fold-module.ts';

/** Shorter rows are folded no faster than the tables take them. */
const worthFolding = 2 ** 14;
/** Of the second level of the processor's cache, which the bytes have to fit in while they are folded. */
const rowBytes = 2 ** 16;
/** In zlib's terms; it inverts what it begins and ends with. */
const zeroRemainder = 0xffffffff;

/**
 * The CRC-32 of bytes that follow those whose CRC-32 is `running`, the same as zlib's. Node takes it from tables, 0.24 s/GB;
 * bytes that are first folded into a few thousand that have the same remainder take 0.1 s/GB.
 */
export function foldCrc32(bytes: Buffer, running = 0): number {
  if (bytes.length < worthFolding) return crc32(bytes, running);
  folder ??= createFolder();
  return folder ? foldRows(bytes, running, folder) : crc32(bytes, running);
}

interface Folder {
  /** The zeros that it begins with, and room for a row. */
  readonly memory: Buffer;
  readonly fold: (end: number) => void;
}

/** False where a processor has no such registers, or Node was told to compile nothing. */
let folder: Folder | false | undefined;

function foldRows(bytes: Buffer, running: number, folder: Folder): number {
  let crc = running;
  let at = 0;
  for (let left = bytes.length; left >= worthFolding; left = bytes.length - at) {
    // Never all of them: Node copies a whole buffer in another way, which for shared memory takes three times as long.
    const length = Math.min(rowBytes, left - 1 - ((left - 1) % blockBytes));
    bytes.copy(folder.memory, tailBytes, at, at + length);
    crc = foldRow(length, crc, folder);
    at += length;
  }
  return crc32(bytes.subarray(at), crc);
}

function foldRow(length: number, running: number, { memory, fold }: Folder): number {
  const end = tailBytes + length;
  memory.writeUInt32LE((memory.readUInt32LE(tailBytes) ^ ~running) >>> 0, tailBytes);
  fold(end);
  return crc32(memory.subarray(end - tailBytes, end), zeroRemainder);
}

function createFolder(): Folder | false {
  try {
    const module = new WebAssembly.Module(createFoldModule(tailBytes + rowBytes));
    const { exports } = new WebAssembly.Instance(module);
    return { memory: Buffer.from(exports.memory.buffer), fold: exports.fold };
  } catch {
    return false;
  }
}

/** As much of it as is used here: Node has no types for it. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly fold: Folder['fold'] };
  };
};
