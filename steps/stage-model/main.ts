import { createBucket } from '../lib/bucket.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { vocabularyPlaces } from '../lib/vocabulary.ts';
import { makeOrigin } from './make-origin.ts';
import { createMeter } from './meter.ts';
import { spec } from './spec.ts';
import { stageModel } from './stage.ts';

const exitCode = await runStep(spec, process, async ({ params, secrets, env, log, clock, signal }) => {
  const meter = createMeter(clock);
  const network = await createNetwork({ env, log });
  try {
    const bucket = createBucket({
      secret: secrets.s3Secret,
      network,
      log,
      clock,
      onRetry: (cause) => meter.retried('s3', cause),
    });
    const places = vocabularyPlaces(import.meta.url);
    const onRetry = meter.retried;
    const origin = makeOrigin({ params, secrets, destination: bucket, network, log, clock, onRetry });
    return await stageModel({ params, origin, bucket, log, clock, signal, vocabularyPlaces: places, meter });
  } finally {
    network.close();
  }
});
// Not by itself: after the grace a hung connection must not keep the pod.
process.exit(exitCode);
