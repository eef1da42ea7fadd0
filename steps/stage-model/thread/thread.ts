import { Worker } from 'node:worker_threads';
import type { BucketTimings } from '../../lib/bucket.ts';
import type { PartDigest, WantedDigest } from '../../lib/bucket/part-sender.ts';
import type { PartAnswer, PartRequest } from '../../lib/bucket/send-part.ts';
import { StepError } from '../../lib/errors.ts';
import type { HubTimings } from '../../lib/hub/settings.ts';
import type { Fields, Log } from '../../lib/log.ts';
import { type CarriedError, unpackError } from './carried-error.ts';
import type { ModelFile } from '../source/listing.ts';
import type { Meter } from '../report/meter.ts';
import type { SourceDescription } from '../source/origin.ts';

/** All that a thread needs to make its own connections. The source may hold secrets: it goes to the thread and nowhere else. */
export interface ThreadSetup {
  readonly source: SourceDescription;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timings?: {
    readonly source?: Partial<HubTimings & BucketTimings>;
    readonly bucket?: Partial<BucketTimings>;
  };
}

/** What a thread is asked. Bytes lie in shared memory and are only pointed at; `id` is that of the answer. */
export type Task =
  | {
      readonly do: 'fetch';
      readonly file: ModelFile;
      readonly start: number;
      readonly into: Uint8Array;
    }
  | { readonly do: 'digest'; readonly body: Uint8Array; readonly wanted: WantedDigest }
  | { readonly do: 'send'; readonly request: PartRequest };

export type ToThread = { readonly id: number; readonly task: Task } | { readonly stop: number };

export type FromThread =
  | { readonly id: number; readonly done: PartDigest | PartAnswer | string }
  | { readonly id: number; readonly failed: CarriedError }
  | { readonly id: number; readonly came: number }
  | { readonly broken: CarriedError }
  | { readonly slowDown: true }
  | { readonly retried: 'hub' | 's3'; readonly cause: string }
  | { readonly log: 'debug' | 'info' | 'warn' | 'error'; readonly event: string; readonly fields: Fields };

/** One thread as the first one sees it. */
export interface Thread {
  /** Bytes that it still has to do with. */
  readonly load: number;
  /** The share of the time since the last call in which it had something to do, 0 to 1. */
  busy(): number;
  /** Settles when the thread has let go of the bytes, also after an abort; then with the signal's reason. */
  ask(task: Task, bytes: number, options?: AskOptions): Promise<unknown>;
  end(): Promise<void>;
}

interface AskOptions {
  readonly signal?: AbortSignal;
  readonly came?: (bytes: number) => void;
}

interface ThreadOptions {
  readonly program: URL;
  readonly setup: ThreadSetup;
  readonly log: Log;
  readonly onSlowDown: () => void;
  readonly onRetry: Meter['retried'];
}

interface Pending {
  readonly resolve: (done: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly came: ((bytes: number) => void) | undefined;
}

/** Starts a thread. When it ends before it is told to, all that it was asked fails. */
export function startThread({ program, setup, log, onSlowDown, onRetry }: ThreadOptions): Thread {
  const worker = new Worker(program, { workerData: setup, resourceLimits: { maxYoungGenerationSizeMb: 2 } });
  const pending = new Map<number, Pending>();
  const busy = watchBusy(worker.performance);
  let asked = 0;
  let load = 0;
  let broken: Error | undefined;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have none
  const tell = (message: ToThread) => worker.postMessage(message);
  const breakOff = (error: Error) => {
    broken ??= error;
    for (const { reject } of pending.values()) reject(broken);
    pending.clear();
  };
  const hear = (message: FromThread) => {
    if ('log' in message) log[message.log](message.event, message.fields);
    else if ('slowDown' in message) onSlowDown();
    else if ('retried' in message) onRetry(message.retried, message.cause);
    else if ('broken' in message) breakOff(unpackError(message.broken, log.redact));
    else if ('came' in message) pending.get(message.id)?.came?.(message.came);
    else {
      const { resolve, reject } = pending.get(message.id) ?? {};
      pending.delete(message.id);
      if ('failed' in message) reject?.(unpackError(message.failed, log.redact));
      else resolve?.(message.done);
    }
  };
  worker.on('message', hear);
  worker.on('error', (error) => breakOff(died(log.redact(String(error)), error)));
  worker.on('exit', (code) => breakOff(died(`exit code ${code}`)));
  return {
    get load() {
      return load;
    },
    busy,
    async ask(task, bytes, { signal, came } = {}) {
      if (broken) throw broken;
      signal?.throwIfAborted();
      const id = (asked += 1);
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const stop = () => tell({ stop: id });
      pending.set(id, { resolve, reject, came });
      load += bytes;
      tell({ id, task });
      signal?.addEventListener('abort', stop);
      try {
        return await promise;
      } catch (error) {
        throw signal?.aborted ? signal.reason : error;
      } finally {
        load -= bytes;
        signal?.removeEventListener('abort', stop);
      }
    },
    async end() {
      await worker.terminate();
    },
  };
}

/** Tells the share of the time since the last call in which a thread, this one or another, had something to do: 0 to 1. */
export function watchBusy(thread: Pick<typeof performance, 'eventLoopUtilization'>): () => number {
  let looked = thread.eventLoopUtilization();
  return () => {
    const now = thread.eventLoopUtilization();
    const { utilization } = thread.eventLoopUtilization(now, looked);
    looked = now;
    return utilization;
  };
}

function died(seen: string, cause?: unknown): StepError {
  return new StepError('internal', 'a thread that moves bytes has ended', {
    evidence: [`${seen} (worker thread)`],
    hint: 'run it again, with --threads=0 if it recurs: what is staged stays',
    ...(cause === undefined ? {} : { cause }),
  });
}
