import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/retry.ts';

/** Milliseconds to the first line, and from line to line. */
const firstMs = 1000;
const everyMs = 15_000;

export interface Totals {
  /** Bytes fetched from the Hub, what had to be fetched twice counted twice. */
  moved: number;
  /** Bytes copied inside the bucket. */
  copied: number;
  /** Bytes that were there already. */
  skipped: number;
  /** Bytes read back from the bucket. */
  readBack: number;
  /** Files that had to start afresh. */
  retries: number;
  filesDone: number;
}

export interface Progress {
  readonly totals: Totals;
  /** `bytes` more of what has to lie there do, or, when a file starts afresh, no longer. */
  advance(bytes: number): void;
  /** `bytes` of what has to lie there were there already, or, when a file starts afresh, are of no use. */
  keep(bytes: number): void;
  /** So many bytes are going to be read back, and counted in `totals` as they are. */
  willReadBack(bytes: number): void;
  /** Stops the lines; says nothing. */
  stop(): void;
  /** One line about all that was done. */
  summarize(event: string): void;
}

interface ProgressOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly bytes: number;
  readonly files: number;
  readonly connections: () => number;
  /** Requests that were made again. */
  readonly requestRetries?: () => number;
}

/** Begins to say how far it is: a line after one second, then one every 15. */
export function startProgress(options: ProgressOptions): Progress {
  const { log, clock, bytes, files, connections, requestRetries = () => 0 } = options;
  const totals: Totals = { moved: 0, copied: 0, skipped: 0, readBack: 0, retries: 0, filesDone: 0 };
  const begun = clock.now();
  const ended = new AbortController();
  let done = 0;
  let toReadBack = 0;
  const say = () => {
    const seconds = Math.max(clock.now() - begun, 1) / 1000;
    const rate = (totals.moved + totals.copied + totals.readBack) / seconds;
    log.info('staging', {
      done: `${formatBytes(done)}/${formatBytes(bytes)}`,
      percent: bytes === 0 ? 100 : Math.floor((100 * done) / bytes),
      rate: `${formatBytes(rate)}/s`,
      left: rate > 0 ? formatSeconds((bytes - done + toReadBack - totals.readBack) / rate) : 'unknown',
      ...(toReadBack > 0 && { 'read-back': `${formatBytes(totals.readBack)}/${formatBytes(toReadBack)}` }),
      files: `${totals.filesDone}/${files}`,
      retries: totals.retries + requestRetries(),
      connections: connections(),
    });
  };
  const lines = async () => {
    for (let wait = firstMs; ; wait = everyMs) {
      await clock.sleep(wait, ended.signal);
      say();
    }
  };
  lines().catch(() => {});
  return {
    totals,
    advance: (more) => void (done += more),
    keep: (more) => {
      totals.skipped += more;
      done += more;
    },
    willReadBack: (more) => void (toReadBack += more),
    stop: () => ended.abort(),
    summarize: (event) => {
      const seconds = (clock.now() - begun) / 1000;
      log.info(event, {
        files,
        moved: formatBytes(totals.moved),
        copied: formatBytes(totals.copied),
        skipped: formatBytes(totals.skipped),
        'read-back': formatBytes(totals.readBack),
        retries: totals.retries + requestRetries(),
        seconds: seconds.toFixed(1),
        rate: `${formatBytes(totals.moved / Math.max(seconds, 0.001))}/s`,
        connections: connections(),
      });
    },
  };
}

/** 13.8 GB, 1.2 MB, 17 B: as the Hub's pages count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

/** 45s, 3m20s, 2h05m. */
export function formatSeconds(seconds: number): string {
  const whole = Math.ceil(Math.max(seconds, 0));
  const pad = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
}
