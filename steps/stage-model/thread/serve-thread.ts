import type { MessagePort } from 'node:worker_threads';
import { createPartSender, type PartSender } from '../../lib/bucket/part-sender.ts';
import { defaultTimings } from '../../lib/bucket/timings.ts';
import type { Log } from '../../lib/log.ts';
import { createNetwork } from '../../lib/network.ts';
import { systemClock } from '../../lib/retry.ts';
import { packError } from './carried-error.ts';
import { fill } from '../pace/fill.ts';
import { makeSource } from '../source/make-source.ts';
import type { Source } from '../source/origin.ts';
import type { FromThread, Task, ThreadSetup, ToThread } from './thread.ts';

/** What a thread does until it is ended: the tasks it is sent, over connections of its own. */
export async function serveThread(port: MessagePort, setup: ThreadSetup): Promise<void> {
  const tell = (message: FromThread) => port.postMessage(message);
  try {
    listen(port, await openMeans(setup, tell), tell);
  } catch (error) {
    tell({ broken: packError(error) });
  }
}

/** What the tasks are done with. */
interface Means {
  readonly source: Source;
  readonly sender: PartSender;
}

async function openMeans(setup: ThreadSetup, tell: (message: FromThread) => void): Promise<Means> {
  const { env, source, timings = {} } = setup;
  const log = createThreadLog(env, tell);
  // The first thread has said already how it reaches the world.
  const network = await createNetwork({ env, log: { ...log, info: () => {}, warn: () => {} } });
  return {
    source: await makeSource(source, {
      network,
      log,
      clock: systemClock,
      onSlowDown: () => tell({ slowDown: true }),
      onRetry: (retried, cause) => tell({ retried, cause }),
      ...(timings.source && { timings: timings.source }),
    }),
    sender: createPartSender({ network, timings: { ...defaultTimings, ...timings.bucket } }),
  };
}

/** Masking is left to the thread that writes: it knows all the secrets. */
function createThreadLog(env: ThreadSetup['env'], tell: (message: FromThread) => void): Log {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error'): Log['info'] =>
    (event, fields = {}) =>
      tell({ log: level, event, fields });
  return {
    debug: env['LOG_LEVEL'] === 'debug' ? line('debug') : () => {},
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    secret: () => {},
    word: () => {},
    redact: (text) => text,
    secretIn: () => undefined,
  };
}

function listen(port: MessagePort, means: Means, tell: (message: FromThread) => void): void {
  const running = new Map<number, AbortController>();
  const run = async (id: number, task: Task) => {
    const stop = new AbortController();
    running.set(id, stop);
    try {
      const came = createCounter((bytes) => tell({ id, came: bytes }));
      const done = await perform(task, { ...means, signal: stop.signal, came: came.add });
      came.flush();
      tell({ id, done });
    } catch (error) {
      tell({ id, failed: packError(error) });
    } finally {
      running.delete(id);
    }
  };
  port.on('message', (message: ToThread) => {
    if ('task' in message) void run(message.id, message.task);
    else running.get(message.stop)?.abort(new Error('stopped by the first thread'));
  });
}

interface Doing extends Means {
  readonly signal: AbortSignal;
  readonly came: (bytes: number) => void;
}

async function perform(task: Task, { source, sender, signal, came }: Doing) {
  switch (task.do) {
    case 'fetch': {
      const { file, start, into } = task;
      return fill({ file, start, into: asBuffer(into) }, { source, signal, came });
    }
    case 'digest':
      return sender.digest(asBuffer(task.body), task.wanted);
    case 'send': {
      const { request } = task;
      return sender.send({ ...request, body: asBuffer(request.body) }, signal);
    }
  }
}

/** Over the same memory: a Buffer arrives as the array it is. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

const everyBytes = 2 ** 22;
const everyMs = 100;

/** A message for each chunk would cost more than the chunk. */
function createCounter(tell: (bytes: number) => void) {
  let untold = 0;
  let toldAt = performance.now();
  const flush = () => {
    if (untold > 0) tell(untold);
    untold = 0;
    toldAt = performance.now();
  };
  return {
    add(bytes: number) {
      untold += bytes;
      if (untold >= everyBytes || performance.now() - toldAt >= everyMs) flush();
    },
    flush,
  };
}
