import { createBucket } from '../lib/bucket.ts';
import { createNetwork } from '../lib/network.ts';
import { runAsProcess } from '../lib/run.ts';
import { vocabularyPlaces } from '../lib/vocabulary.ts';
import { spec } from './spec.ts';
import { verifyVocabulary } from './verify.ts';

await runAsProcess(spec, process, async ({ params, secrets, env, log, clock, signal }) => {
  const network = await createNetwork({ env, log });
  const bucket = createBucket({ secret: secrets.s3Secret, network, log, clock });
  const places = vocabularyPlaces(import.meta.url);
  return verifyVocabulary({ params, bucket, log, signal, vocabularyPlaces: places });
});
