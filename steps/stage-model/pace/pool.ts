import { createLine, type PlaceInLine } from './line.ts';

/** Buffers of one size that are used again and again: memory does not grow with files, parts or latency. */
export interface BufferPool {
  readonly count: number;
  /** Bytes of each buffer. */
  readonly size: number;
  /**
   * Waits until a buffer is free, who has the lowest turn first, equals in the order of asking; runs `use` with it; takes it
   * back when that has settled. Who waits leaves when the signal says so.
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

/** Lets `count` things happen at once; of the others the lowest turn is next, equals in the order of asking. */
export interface Slots {
  readonly used: number;
  /** Most that were used at once. */
  readonly peak: number;
  run<T>(work: () => Promise<T>, place?: PlaceInLine): Promise<T>;
}

export function createSlots(count: number): Slots {
  const line = createLine();
  let used = 0;
  let peak = 0;
  return {
    get used() {
      return used;
    },
    get peak() {
      return peak;
    },
    async run(work, place) {
      if (used < count) peak = Math.max(peak, (used += 1));
      else await line.wait(place);
      try {
        return await work();
      } finally {
        if (!line.startNext()) used -= 1;
      }
    },
  };
}

/**
 * Runs `work` for every item, `count` at once. The first failure aborts the signal of the others; it is thrown when
 * all have settled, so that nothing goes on behind the caller's back.
 */
export async function forEachAtOnce<T>(
  items: readonly T[],
  count: number,
  work: (item: T, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) {
      either.throwIfAborted();
      await work(item, either);
    }
  };
  const lanes = Array.from({ length: Math.min(count, items.length) }, () =>
    lane().catch((error: unknown) => failing.abort(error)),
  );
  await Promise.all(lanes);
  signal.throwIfAborted();
  if (failing.signal.aborted) throw failing.signal.reason;
}
