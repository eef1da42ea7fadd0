/** The least that has to come. */
export interface LeastRate {
  /** Judged after so many milliseconds of waiting in all. */
  readonly slowMs: number;
  readonly slowBytesPerSecond: number;
}

/** What any server gives that is not stuck, whatever the connection. */
export const leastRate: LeastRate = { slowMs: 120_000, slowBytesPerSecond: 64 * 1024 };

/** A span of waiting in which less came. */
export interface SlowSpan {
  readonly bytes: number;
  readonly ms: number;
}

/** Counts what comes and how long it was waited for; what is done between, whoever takes the bytes may do at leisure. */
export function watchRate({ slowMs, slowBytesPerSecond }: LeastRate) {
  let [bytes, ms] = [0, 0];
  return {
    /** Gives the span that ends here, if it was too slow. */
    came(more: number, waitedMs: number): SlowSpan | undefined {
      bytes += more;
      ms += waitedMs;
      if (ms < slowMs) return undefined;
      const span = { bytes, ms };
      [bytes, ms] = [0, 0];
      return span.bytes < (slowBytesPerSecond * span.ms) / 1000 ? span : undefined;
    },
  };
}
