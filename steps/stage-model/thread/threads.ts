import type { Bucket } from '../../lib/bucket.ts';
import type { PartDigest, PartSender } from '../../lib/bucket/part-sender.ts';
import type { PartAnswer } from '../../lib/bucket/send-part.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Carrier } from './carrier.ts';
import { createGrowth, type Growth } from './growth.ts';
import type { Meter } from '../report/meter.ts';
import { startThread, type Thread, type ThreadSetup, watchBusy } from './thread.ts';

interface ThreadsOptions extends ThreadSetup {
  /** Carries in the thread that asks, until there are others. */
  readonly alone: Carrier;
  /** The most. */
  readonly count: number;
  /** Those that are started at once, before anything is to be done. */
  readonly atOnce?: number;
  /** Signs the parts that the threads send, and judges what comes back. */
  readonly bucket: Pick<Bucket, 'uploadPart'>;
  /** The program that a thread runs: it calls serveThread. */
  readonly program: URL;
  readonly log: Log;
  /** Called each time a server asks a thread for fewer requests. */
  readonly onSlowDown: () => void;
  /** Called for each request that a thread makes again. */
  readonly onRetry: Meter['retried'];
  /** Asked now and then, while there is something to do, whether to start another thread. */
  readonly growth?: Growth;
  readonly lookMs?: number;
}

/** A carrier that starts threads when one more would help; from the first on, work on bytes goes to whichever of them has least to do. */
export function createThreadedCarrier({
  alone,
  count,
  atOnce = 0,
  bucket,
  program,
  log,
  onSlowDown,
  onRetry,
  growth = createGrowth(),
  lookMs = 500,
  ...setup
}: ThreadsOptions): Carrier {
  const start = () => startThread({ program, setup, log, onSlowDown, onRetry });
  const threads = Array.from({ length: atOnce }, start);
  const ownBusy = watchBusy(performance);
  let carrying = 0;
  let looking: NodeJS.Timeout | undefined;
  const look = () => {
    const busy = threads.length > 0 ? threads.map((thread) => thread.busy()) : [ownBusy()];
    if (!growth(busy) || carrying === 0 || threads.length >= count) return;
    try {
      threads.push(start());
    } catch (error) {
      // The system gives no more; what there is goes on.
      clearInterval(looking);
      log.warn('no further thread', { error: messageOf(error) });
    }
  };
  const carry = async <T>(work: () => Promise<T>): Promise<T> => {
    if (count > 0) looking ??= setInterval(look, lookMs).unref();
    carrying += 1;
    try {
      return await work();
    } finally {
      carrying -= 1;
    }
  };
  return {
    fetch: ({ file, start, into }, signal, came) =>
      carry(async () => {
        const thread = idlest(threads);
        if (!thread) return await alone.fetch({ file, start, into }, signal, came);
        const task = { do: 'fetch', file, start, into } as const;
        return String(await thread.ask(task, into.length, { signal, came }));
      }),
    upload: (part) =>
      carry(() => {
        const thread = idlest(threads);
        return thread ? bucket.uploadPart({ ...part, sender: sendFrom(thread) }) : alone.upload(part);
      }),
    async close() {
      clearInterval(looking);
      await Promise.all([alone.close(), ...threads.map((thread) => thread.end())]);
    },
  };
}

function sendFrom(thread: Thread): PartSender {
  return {
    digest: async (body, wanted) =>
      (await thread.ask({ do: 'digest', body, wanted }, body.length)) as PartDigest,
    async send(request, signal) {
      const task = { do: 'send', request } as const;
      return (await thread.ask(task, request.body.length, signal ? { signal } : {})) as PartAnswer;
    },
  };
}

function idlest(threads: readonly Thread[]): Thread | undefined {
  return threads.toSorted((a, b) => a.load - b.load)[0];
}
