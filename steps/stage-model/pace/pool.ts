import type { PlaceInLine } from './line.ts';
import { createSlots } from './slots.ts';

/** Buffers of one size that are used again and again: memory does not grow with files, parts or latency. */
export interface BufferPool {
  readonly count: number;
  /** Bytes of each buffer. */
  readonly size: number;
  /**
   * Waits until a buffer is free, runs `use` with it, and takes it back when that has settled. The lowest turn comes first,
   * equals in the order of asking; the signal of the place ends the wait.
   */
  lend<T>(use: (buffer: Buffer) => Promise<T>, place?: PlaceInLine): Promise<T>;
}

/** Of memory that threads can share. */
export function createBufferPool(count: number, size: number): BufferPool {
  const slots = createSlots(count);
  const free: Buffer[] = [];
  return {
    count,
    size,
    lend: (use, place) =>
      slots.run(async () => {
        const buffer = free.pop() ?? Buffer.from(new SharedArrayBuffer(size));
        try {
          return await use(buffer);
        } finally {
          free.push(buffer);
        }
      }, place),
  };
}
