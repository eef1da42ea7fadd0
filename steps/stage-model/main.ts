import { createBucket } from '../lib/bucket.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { vocabularyPlaces } from '../lib/vocabulary.ts';
import { makeOrigin } from './make-origin.ts';
import { spec } from './spec.ts';
import { stageModel } from './stage.ts';

const exitCode = await runStep(spec, process, async ({ params, secrets, env, log, clock, signal }) => {
  const network = await createNetwork({ env, log });
  try {
    const bucket = createBucket({ secret: secrets.s3Secret, network, log, clock });
    const places = vocabularyPlaces(import.meta.url);
    const origin = makeOrigin({ params, secrets, destination: bucket, network, log, clock });
    return await stageModel({ params, origin, bucket, log, clock, signal, vocabularyPlaces: places });
  } finally {
    network.close();
  }
});
// Not by itself: after the grace a hung connection must not keep the pod.
process.exit(exitCode);
