import type { Clock } from '../../lib/retry.ts';
import type { Totals } from './progress.ts';

/** What became of one file. */
export interface FileRow {
  readonly path: string;
  readonly bytes: number;
  /** What was planned for it: skip, prove, copy or move. */
  readonly action: string;
  readonly seconds: number;
}

/** Counts what a run does, for its lines and its metrics. Whatever asks it only adds to it. */
export interface Meter {
  /** From now on the time belongs to this phase. */
  enter(phase: string): void;
  /** A request to this server failed and is made again. */
  retried(server: 'hub' | 's3', cause: string): void;
  readonly retries: number;
  /** Work on a file begins; what it gives is called when it is done. */
  begin(file: Omit<FileRow, 'seconds'>): () => void;
  /**
   * Bytes and files, and the connections that were open at once, as a move ended. A run that was overtaken may read what
   * is staged after its own move: then both count.
   */
  moved(totals: Totals, connectionsPeak: number): void;
  read(): Measured;
}

export interface Measured {
  readonly seconds: number;
  readonly phases: Readonly<Record<string, number>>;
  /** By server and cause: `s3 503 SlowDown`. */
  readonly retries: Readonly<Record<string, number>>;
  readonly totals: Readonly<Totals> | undefined;
  readonly connectionsPeak: number;
  readonly files: readonly FileRow[];
}

export function createMeter(clock: Pick<Clock, 'now'>): Meter {
  const begun = clock.now();
  const phases: { readonly name: string; readonly from: number }[] = [];
  const retries = new Map<string, number>();
  const files: FileRow[] = [];
  let ended: { readonly totals: Totals; readonly peak: number } | undefined;
  let count = 0;
  return {
    enter: (name) => void phases.push({ name, from: clock.now() }),
    retried(server, cause) {
      count += 1;
      const name = `${server} ${cause}`;
      retries.set(name, (retries.get(name) ?? 0) + 1);
    },
    get retries() {
      return count;
    },
    begin(file) {
      const from = clock.now();
      return () => void files.push({ ...file, seconds: seconds(clock.now() - from) });
    },
    moved(totals, peak) {
      ended = ended
        ? { totals: sumTotals(ended.totals, totals), peak: Math.max(ended.peak, peak) }
        : { totals: { ...totals }, peak };
    },
    read() {
      const now = clock.now();
      return {
        seconds: seconds(now - begun),
        phases: sumUp(phases, now),
        retries: Object.fromEntries([...retries].sort(([, a], [, b]) => b - a)),
        totals: ended?.totals,
        connectionsPeak: ended?.peak ?? 0,
        files,
      };
    },
  };
}

function sumTotals(a: Totals, b: Totals): Totals {
  return {
    moved: a.moved + b.moved,
    copied: a.copied + b.copied,
    skipped: a.skipped + b.skipped,
    readBack: a.readBack + b.readBack,
    retries: a.retries + b.retries,
    filesDone: a.filesDone + b.filesDone,
  };
}

function sumUp(
  phases: readonly { readonly name: string; readonly from: number }[],
  now: number,
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [i, { name, from }] of phases.entries())
    sums[name] = (sums[name] ?? 0) + (phases[i + 1]?.from ?? now) - from;
  return Object.fromEntries(Object.entries(sums).map(([name, ms]) => [name, seconds(ms)]));
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}
