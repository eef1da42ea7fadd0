import type { Bucket } from '../lib/bucket.ts';
import { StepError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { manifestKey, readManifest, stateFolder, type StoredManifest } from '../lib/manifest.ts';
import { parsePythonJson } from '../lib/python-json.ts';
import type { ParamsOf, ResultsOf } from '../lib/step.ts';
import { needsVocabulary, readVocabulary, vocabulary } from '../lib/vocabulary.ts';
import { commitOf, expectedPath, judgeVocabulary, lookupPath, strays } from './plan.ts';
import type { spec } from './spec.ts';

interface Verify {
  readonly params: ParamsOf<typeof spec>;
  readonly bucket: Bucket;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Where the vocabulary of the image may lie. */
  readonly vocabularyPlaces: readonly URL[];
}

/** More than this is not worth reading to say that it is wrong. */
const readLimit = 4 * vocabulary.size;

/**
 * Proves the vocabulary under the prefix, and that TIKTOKEN_ENCODINGS_BASE will name the folder where it lies. A wrong
 * file is put right from the image, but never under a prefix that is committed: whoever changed a committed object has
 * to be found, and the manifest's digest must keep meaning what was proven.
 */
export async function verifyVocabulary(verify: Verify): Promise<ResultsOf<typeof spec>> {
  const { params, bucket, log, signal } = verify;
  const key = params.prefix + vocabulary.file;
  if (!needsVocabulary(params.vocabulary, params.model, await readConfig(verify))) {
    log.info('no vocabulary needed', { model: params.model, vocabulary: params.vocabulary });
    return { vocabularyDigest: '', encodingsBase: '', outcome: 'unchanged' };
  }
  demandPair(params.encodingsBase);
  const problems = await examine(key, verify);
  if (problems.length > 0) {
    await demandRepairable(problems, verify);
    log.warn('putting the vocabulary from the image', { key, because: problems[0] ?? '' });
    await bucket.put(key, await readVocabulary(verify.vocabularyPlaces), {
      metadata: { sha256: vocabulary.sha256 },
      signal,
    });
    const still = await examine(key, verify);
    if (still.length > 0)
      throw wrongVocabulary('the vocabulary is wrong again right after it was put', still, verify);
  }
  log.info('vocabulary proven', { key, path: expectedPath, sha256: vocabulary.sha256 });
  return {
    vocabularyDigest: vocabulary.sha256,
    encodingsBase: params.encodingsBase.replace(/\/+$/, ''),
    outcome: 'ok',
  };
}

/** A variable that names another folder lets newer vLLM become ready and answer every chat with 500. */
function demandPair(encodingsBase: string): void {
  const looked = lookupPath(encodingsBase);
  if (looked === expectedPath) return;
  throw new StepError(
    'check',
    `TIKTOKEN_ENCODINGS_BASE would not lead to the vocabulary: it will be ${expectedPath}`,
    {
      evidence: [
        `--encodings-base=${encodingsBase} makes vLLM open ${looked}; the file under the prefix becomes ${expectedPath}`,
      ],
      hint: `run with --encodings-base=${expectedPath.slice(0, -vocabulary.file.length - 1)}`,
    },
  );
}

async function examine(key: string, { bucket, signal }: Verify): Promise<string[]> {
  const head = await bucket.head(key, signal);
  if (!head) return ['is missing'];
  if (head.size > readLimit) return [`${head.size} bytes, expected ${vocabulary.size}`];
  const bytes = await bucket.get(key, signal);
  return bytes ? judgeVocabulary(bytes) : ['is missing'];
}

async function demandRepairable(problems: readonly string[], verify: Verify): Promise<void> {
  const { params } = verify;
  const committed = await findCommit(verify);
  if (committed) throw changedAfterCommit(problems, committed, verify);
  if (params.repair) return;
  const { bucket, signal } = verify;
  const elsewhere = strays(
    (await bucket.list(params.prefix, signal)).map(({ key }) => key),
    params.prefix,
  );
  const lines = [
    ...problems,
    ...elsewhere.map((key) => `a file of that kind lies at ${key}, where nobody looks`),
  ];
  throw wrongVocabulary('the vocabulary is not what vLLM needs', lines, verify);
}

function wrongVocabulary(
  headline: string,
  problems: readonly string[],
  { params, bucket }: Verify,
): StepError {
  const key = params.prefix + vocabulary.file;
  return new StepError('check', headline, {
    evidence: problems.map((problem) => `${vocabulary.file}: ${problem} (S3, ${bucket.name}/${key})`),
    hint: params.repair
      ? `aws s3api head-object --bucket ${bucket.name} --key ${key}   (who else writes there?)`
      : 'run with --repair=true: the image holds the exact file',
  });
}

function changedAfterCommit(
  problems: readonly string[],
  { manifest, key }: StoredManifest,
  { params, bucket }: Verify,
): StepError {
  const headline = manifest.vocabulary
    ? 'the vocabulary is no longer what was committed; nothing is mended under a committed prefix'
    : 'this revision was committed without the vocabulary, and nothing is added under a committed prefix';
  return new StepError('check', headline, {
    evidence: [
      ...problems.map(
        (problem) => `${vocabulary.file}: ${problem} (S3, ${bucket.name}/${params.prefix}${vocabulary.file})`,
      ),
      `vocabulary in the manifest: ${manifest.vocabulary ? `sha256 ${manifest.vocabulary.sha256}` : 'none'} (S3, ${bucket.name}/${key})`,
    ],
    hint: `aws s3 rm s3://${bucket.name}/${key}   (then run again with --vocabulary=${params.vocabulary} --read-back=always: without the marker all objects are read and proven anew, and wrong ones replaced)`,
  });
}

async function findCommit({ params, bucket, signal }: Verify): Promise<StoredManifest | undefined> {
  const commit = commitOf(params.prefix);
  if (commit === undefined) return undefined;
  const found = await readManifest(
    bucket,
    manifestKey(stateFolder(params.statePrefix, params.model), commit),
    signal,
  );
  return found?.manifest.prefix === params.prefix ? found : undefined;
}

async function readConfig({ params, bucket, signal }: Verify): Promise<unknown> {
  if (params.vocabulary !== 'auto') return undefined;
  const bytes = await bucket.get(`${params.prefix}config.json`, signal);
  try {
    return bytes && parsePythonJson(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
