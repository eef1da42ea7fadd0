import type { UploadedPart } from '../../lib/bucket.ts';
import type { Log } from '../../lib/log.ts';
import type { Carrier } from './carrier.ts';
import type { Meter } from '../report/meter.ts';
import { startThread, type Thread, type ThreadSetup } from './thread.ts';

interface ThreadsOptions extends ThreadSetup {
  readonly count: number;
  /** The program that a thread runs: it calls serveThread. */
  readonly program: URL;
  readonly log: Log;
  /** Called each time a server asks a thread for fewer requests. */
  readonly onSlowDown: () => void;
  /** Called for each request that a thread makes again. */
  readonly onRetry: Meter['retried'];
}

/** A carrier whose work on bytes is done by threads. One file's hash stays in one thread; all else goes to whichever has least to do. */
export function startThreads({
  count,
  program,
  log,
  onSlowDown,
  onRetry,
  ...setup
}: ThreadsOptions): Carrier {
  const options = { program, setup, log, onSlowDown, onRetry };
  const threads = Array.from({ length: count }, () => startThread(options));
  let hashes = 0;
  return {
    async fetch({ file, start, into }, signal, came) {
      const task = { do: 'fetch', file, start, into } as const;
      await idlest(threads).ask(task, into.length, { signal, came });
    },
    async upload({ body, signal, ...part }) {
      const task = { do: 'upload', part, body } as const;
      const done = await idlest(threads).ask(task, body.length, signal ? { signal } : {});
      return done as UploadedPart;
    },
    openHash(file) {
      const thread = leastHashing(threads);
      const hash = (hashes += 1);
      thread.open(hash, file);
      return {
        update: async (bytes) => void (await thread.ask({ do: 'hash', hash, bytes }, bytes.length)),
        hex: async () => String(await thread.ask({ do: 'hex', hash }, 0)),
        close: () => thread.close(hash),
      };
    },
    async close() {
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

function idlest(threads: readonly Thread[]): Thread {
  return threads.reduce((least, thread) => (thread.load < least.load ? thread : least));
}

function leastHashing(threads: readonly Thread[]): Thread {
  return threads.reduce((least, thread) => (thread.hashes < least.hashes ? thread : least));
}
