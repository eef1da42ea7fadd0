import { availableParallelism } from 'node:os';
import { createBucket } from '../lib/bucket.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep, type World } from '../lib/run.ts';
import { vocabularyPlaces } from '../lib/vocabulary.ts';
import { createDownloads } from './pace/downloads.ts';
import { makeOrigin } from './source/make-origin.ts';
import { createMeter } from './report/meter.ts';
import { spec } from './spec.ts';
import { stageModel } from './stage.ts';
import { createThreadedCarrier } from './thread/threads.ts';

/** The step in its first thread; `program` is the address of what its other threads run. Gives the exit code. */
export function runMain(world: World, program: string): Promise<number> {
  return runStep(spec, world, async ({ params, secrets, env, log, clock, signal }) => {
    const meter = createMeter(clock);
    const network = await createNetwork({ env, log });
    const downloads = createDownloads(params.connections, clock);
    const { slowDown: onSlowDown } = downloads;
    try {
      const tools = { network, log, clock, onSlowDown, onRetry: meter.retried };
      const bucket = createBucket({
        ...tools,
        secret: secrets.s3Secret,
        onRetry: (cause) => meter.retried('s3', cause),
      });
      return await stageModel({
        params,
        origin: makeOrigin({ params, secrets, destination: bucket, ...tools }),
        bucket,
        meter,
        log,
        clock,
        signal,
        vocabularyPlaces: vocabularyPlaces(program),
        downloads,
        startCarrier: ({ description }, alone) =>
          description
            ? createThreadedCarrier({
                alone,
                count: Math.min(params.threads, availableParallelism()),
                bucket,
                program: new URL(program),
                env: { ...env },
                source: description,
                log,
                onSlowDown,
                onRetry: meter.retried,
              })
            : alone,
      });
    } finally {
      network.close();
    }
  });
}
