import { createBucket } from '../lib/bucket.ts';
import { createNetwork } from '../lib/network.ts';
import { runStep } from '../lib/run.ts';
import { vocabularyPlaces } from '../lib/vocabulary.ts';
import { spec } from './spec.ts';
import { verifyVocabulary } from './verify.ts';

const exitCode = await runStep(spec, process, async ({ params, secrets, env, log, clock, signal }) => {
  const network = await createNetwork({ env, log });
  try {
    const bucket = createBucket({ secret: secrets.s3Secret, network, log, clock });
    const places = vocabularyPlaces(import.meta.url);
    return await verifyVocabulary({ params, bucket, log, signal, vocabularyPlaces: places });
  } finally {
    network.close();
  }
});
// Not by itself: after the grace a hung connection must not keep the pod.
process.exit(exitCode);
