import type { Clock } from '../../lib/retry.ts';
import { firstPace, nextPace } from './pace.ts';

/** Lets as many ranges be fetched at once as the source has shown to reward, the others in the order of asking. */
export interface Downloads {
  /** How many may be fetched at once, for now. */
  readonly limit: number;
  /** The most that were fetched at once. */
  readonly peak: number;
  run<T>(work: () => Promise<T>): Promise<T>;
  /** So many more bytes have come. */
  came(bytes: number): void;
  /** A server has asked for fewer requests. Of several that ask at once one counts. */
  slowDown(): void;
}

const periodMs = 500;

/** At most `most` at once; begins with few. */
export function createDownloads(most: number, clock: Pick<Clock, 'now'>): Downloads {
  const waiting: (() => void)[] = [];
  let pace = firstPace(most);
  let used = 0;
  let peak = 0;
  let bytes = 0;
  let full = false;
  let since = clock.now();
  let slowedAt = Number.NEGATIVE_INFINITY;
  /** Also when the clock was set back meanwhile. */
  const isOver = (began: number) => {
    const ms = clock.now() - began;
    return ms < 0 || ms >= periodMs;
  };
  const decide = (slowDown: boolean) => {
    const now = clock.now();
    const rate = (bytes / Math.max(now - since, 1)) * 1000;
    pace = nextPace(pace, { rate, full, slowDown }, most);
    bytes = 0;
    since = now;
    full = waiting.length > 0;
    admit();
  };
  const admit = () => {
    while (used < pace.limit) {
      const next = waiting.shift();
      if (!next) return;
      used += 1;
      peak = Math.max(peak, used);
      next();
    }
  };
  return {
    get peak() {
      return peak;
    },
    get limit() {
      return pace.limit;
    },
    async run(work) {
      // A rate that counts time without work would let anything look like a gain.
      if (used === 0) [since, bytes] = [clock.now(), 0];
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        admit();
        full ||= waiting.length > 0;
      });
      try {
        return await work();
      } finally {
        used -= 1;
        admit();
      }
    },
    came(more) {
      bytes += more;
      if (isOver(since)) decide(false);
    },
    slowDown() {
      if (!isOver(slowedAt)) return;
      slowedAt = clock.now();
      decide(true);
    },
  };
}
