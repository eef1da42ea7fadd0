/** A register of WebAssembly's SIMD. */
export const blockBytes = 16;
/**
 * Blocks from one that is dropped to those that it is added to, so that the row keeps its remainder: with y = x^128,
 * y^300 + y^155 + y^117 + y^89 + 1 is a multiple of CRC-32's polynomial, of those with five terms the shortest.
 */
const distances = [145, 183, 211, 300];
const tailBlocks = 300;
/** What is left of a row. */
export const tailBytes = tailBlocks * blockBytes;

/**
 * A WebAssembly module with `memory`, for so many bytes, and `fold(end)`. The memory has to hold zeros, `tailBytes` of them,
 * and from there to `end` whole blocks, more of them than the tail has. Afterwards the last `tailBytes` have
 * the CRC-32 remainder of them all.
 */
export function createFoldModule(bytes: number): Uint8Array {
  const pages = Math.ceil(bytes / 2 ** 16);
  const content = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, vector([0x60, ...vector([i32]), ...vector()])),
    section(3, vector([0])),
    section(5, vector([0, ...unsigned(pages)])),
    section(7, vector([...name('memory'), 2, 0], [...name('fold'), 0, 0])),
    section(10, vector(sized([...vector([1, i32]), ...foldBody(), ...op.end]))),
  ];
  return Uint8Array.from(content.flat());
}

/** Block by block: each gets what those before it give that are dropped. The blocks of the tail are not, and give nothing. */
function foldBody(): number[] {
  const loops = distances.map((reach, i) => [
    op.loop,
    [...op.get, at],
    load(tailBlocks),
    ...distances.slice(i).flatMap((distance) => [load(tailBlocks - distance), op.v128Xor]),
    [...op.v128Store, ...memoryAt(tailBlocks)],
    [...op.get, at],
    constant(blockBytes),
    op.add,
    [...op.tee, at],
    [...op.get, end],
    constant((2 * tailBlocks - reach) * blockBytes),
    op.subtract,
    op.lessUnsigned,
    op.branchIfToLoop,
    op.end,
  ]);
  return loops.flat(2);
}

/** The locals of `fold`: its parameter, and the address of the zeros or the block that lies one tail before the block at work. */
const [end, at] = [0, 1];
const i32 = 0x7f;

/** WebAssembly Core 2.0, §5.4. */
const op = {
  loop: [0x03, 0x40],
  end: [0x0b],
  branchIfToLoop: [0x0d, 0],
  get: [0x20],
  tee: [0x22],
  constant: [0x41],
  lessUnsigned: [0x49],
  add: [0x6a],
  subtract: [0x6b],
  v128Load: [0xfd, 0x00],
  v128Store: [0xfd, 0x0b],
  v128Xor: [0xfd, 0x51],
};

function load(blocks: number): number[] {
  return [...op.get, at, ...op.v128Load, ...memoryAt(blocks)];
}

function memoryAt(blocks: number): number[] {
  const alignment = Math.log2(blockBytes);
  return [alignment, ...unsigned(blocks * blockBytes)];
}

function constant(value: number): number[] {
  // Read as signed: one digit more keeps the sign's bit clear.
  return [...op.constant, ...unsigned(value, 0x40)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: readonly number[]): number[] {
  return [...unsigned(content.length), ...content];
}

function vector(...items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): number[] {
  return sized([...Buffer.from(text)]);
}

/** LEB128; the last digit is below `limit`. */
function unsigned(value: number, limit = 0x80): number[] {
  return value < limit ? [value] : [0x80 | (value & 0x7f), ...unsigned(value >>> 7, limit)];
}
