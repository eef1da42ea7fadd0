import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { createBucket } from '../lib/bucket.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { vocabularyPlaces } from '../lib/vocabulary.ts';
import { createDownloads } from './pace/downloads.ts';
import { makeOrigin } from './source/make-origin.ts';
import { createMeter } from './report/meter.ts';
import type { ThreadSetup } from './thread/thread.ts';
import { serveThread } from './thread/serve-thread.ts';
import { spec } from './spec.ts';
import { stageModel } from './stage.ts';
import { startThreads } from './thread/threads.ts';

// The threads run this same program, so that the image holds one.
if (!isMainThread && parentPort) await serveThread(parentPort, workerData as ThreadSetup);
// Not by itself: after the grace a hung connection must not keep the pod.
else process.exit(await runMain());

function runMain(): Promise<number> {
  return runStep(spec, process, async ({ params, secrets, env, log, clock, signal }) => {
    const meter = createMeter(clock);
    const network = await createNetwork({ env, log });
    const downloads = createDownloads(params.connections, clock);
    const { slowDown: onSlowDown } = downloads;
    try {
      const setup = { secret: secrets.s3Secret, env: { ...env } };
      const tools = { network, log, clock, onSlowDown, onRetry: meter.retried };
      const bucket = createBucket({ ...setup, ...tools, onRetry: (cause) => meter.retried('s3', cause) });
      return await stageModel({
        params,
        origin: makeOrigin({ params, secrets, destination: bucket, ...tools }),
        bucket,
        meter,
        log,
        clock,
        signal,
        vocabularyPlaces: vocabularyPlaces(import.meta.url),
        downloads,
        startCarrier: ({ description: source }) => {
          const count = Math.min(params.threads, availableParallelism());
          if (!source || count === 0) return undefined;
          return startThreads({
            ...setup,
            count,
            program: new URL(import.meta.url),
            source,
            log,
            onSlowDown,
            onRetry: meter.retried,
          });
        },
      });
    } finally {
      network.close();
    }
  });
}
