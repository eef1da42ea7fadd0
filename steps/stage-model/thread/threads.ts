import type { Bucket } from '../../lib/bucket.ts';
import type { PartDigest, PartSender } from '../../lib/bucket/part-sender.ts';
import type { PartAnswer, PartRequest } from '../../lib/bucket/send-part.ts';
import type { Log } from '../../lib/log.ts';
import type { Carrier } from './carrier.ts';
import { createGrowth, type Growth } from './growth.ts';
import type { Meter } from '../report/meter.ts';
import { startThread, type Thread, type ThreadSetup } from './thread.ts';

interface ThreadsOptions extends ThreadSetup {
  /** The most; it begins with one. */
  readonly count: number;
  /** Signs the parts that the threads send, and judges what comes back. */
  readonly bucket: Pick<Bucket, 'uploadPart'>;
  /** The program that a thread runs: it calls serveThread. */
  readonly program: URL;
  readonly log: Log;
  /** Called each time a server asks a thread for fewer requests. */
  readonly onSlowDown: () => void;
  /** Called for each request that a thread makes again. */
  readonly onRetry: Meter['retried'];
  /** Asked now and then whether to start another thread. */
  readonly growth?: Growth;
  readonly lookMs?: number;
}

/** A carrier whose work on bytes is done by threads; it goes to whichever has least to do. */
export function startThreads({
  count,
  bucket,
  program,
  log,
  onSlowDown,
  onRetry,
  growth = createGrowth(),
  lookMs = 500,
  ...setup
}: ThreadsOptions): Carrier {
  const options = { program, setup, log, onSlowDown, onRetry };
  const threads = [startThread(options)];
  const looking = setInterval(() => {
    if (threads.length < count && growth(threads.map((thread) => thread.busy())))
      threads.push(startThread(options));
  }, lookMs).unref();
  return {
    async fetch({ file, start, into }, signal, came) {
      const task = { do: 'fetch', file, start, into } as const;
      return String(await idlest(threads).ask(task, into.length, { signal, came }));
    },
    upload: (part) => bucket.uploadPart({ ...part, sender: sendFrom(idlest(threads)) }),
    async close() {
      clearInterval(looking);
      await Promise.all(threads.map((thread) => thread.end()));
    },
  };
}

function sendFrom(thread: Thread): PartSender {
  return {
    digest: async (body, signed) =>
      (await thread.ask({ do: 'digest', body, signed }, body.length)) as PartDigest,
    async send(request, signal) {
      const task = { do: 'send', request: plain(request) } as const;
      return (await thread.ask(task, request.body.length, signal ? { signal } : {})) as PartAnswer;
    },
  };
}

/** What the SDK makes is more than can cross. */
function plain({ protocol, hostname, port, method, path, query, headers, body }: PartRequest): PartRequest {
  return {
    protocol,
    hostname,
    ...(port !== undefined && { port }),
    method,
    path,
    ...(query && { query }),
    headers,
    body,
  };
}

function idlest(threads: readonly Thread[]): Thread {
  return threads.reduce((least, thread) => (thread.load < least.load ? thread : least));
}
