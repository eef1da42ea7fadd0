import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SandboxBucket, startBucket } from '../../../sandbox/bucket.ts';
import { createBucket } from '../../../steps/lib/bucket.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { createNetwork } from '../../../steps/lib/network.ts';
import { runStep } from '../../../steps/lib/run.ts';
import { readVocabulary, vocabulary, vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import { spec } from '../../../steps/verify-tiktoken/spec.ts';
import { verifyVocabulary } from '../../../steps/verify-tiktoken/verify.ts';

const keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret-access-key' };
const places = vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts'));
const prefix = 'models/openai/gpt-oss-20b/by-hand/';

let folder = '';
let bucket: SandboxBucket;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-tiktoken-'));
  bucket = await startBucket({ folder: join(folder, 'bucket'), buckets: ['models'], ...keys });
});
afterEach(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
});

async function run(args: readonly string[], secret: Readonly<Record<string, string>> = {}) {
  const values = {
    AWS_ACCESS_KEY_ID: keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
    AWS_S3_ENDPOINT: bucket.url,
    AWS_S3_BUCKET: 'models',
    ...secret,
  };
  const [secretFolder, results] = [join(folder, 's3'), join(folder, 'results')];
  await Promise.all([mkdir(secretFolder, { recursive: true }), mkdir(results, { recursive: true })]);
  for (const [key, value] of Object.entries(values)) await writeFile(join(secretFolder, key), value);
  const lines: string[] = [];
  const world = {
    argv: ['node', 'main.ts', `--s3-secret-dir=${secretFolder}`, `--results-dir=${results}`, ...args],
    env: {},
    stdout: { write: () => true },
    stderr: { write: (line: string) => lines.push(line) },
    on: () => {},
    off: () => {},
  };
  const code = await runStep(spec, world, async ({ params, secrets, env, log, signal }) => {
    const network = await createNetwork({ env, log });
    const timings = { baseMs: 1, capMs: 2 };
    try {
      const bucket = createBucket({ secret: secrets.s3Secret, network, log, timings });
      return await verifyVocabulary({ params, bucket, log, signal, vocabularyPlaces: places });
    } finally {
      network.close();
    }
  });
  const names = await readdir(results);
  const read = async (name: string) => [name, await readFile(join(results, name), 'utf8')] as const;
  return { code, log: lines.join(''), results: Object.fromEntries(await Promise.all(names.map(read))) };
}

test('repairs what somebody put there by hand, and gives what apply-serving sets', async () => {
  await bucket.seed('models', prefix + vocabulary.file, '<html>');
  const outcome = await run([`--prefix=${prefix}`]);
  expect(outcome.code, outcome.log).toBe(exitCodes.ok);
  expect(outcome.results).toEqual({
    'vocabulary-digest': vocabulary.sha256,
    'encodings-base': '/mnt/models',
    outcome: 'ok',
  });
  expect(bucket.object('models', prefix + vocabulary.file)?.size).toBe(vocabulary.size);
  expect(bucket.refusals).toEqual([]);
});

test('one byte changed, without repair: 65 with both hashes and the way out', async () => {
  const bytes = Buffer.from(await readVocabulary(places));
  bytes[1_000_000] = (bytes[1_000_000] ?? 0) ^ 1;
  await bucket.seed('models', prefix + vocabulary.file, bytes);
  const outcome = await run([`--prefix=${prefix}`, '--repair=false']);
  expect(outcome.code).toBe(exitCodes.check);
  expect(outcome.log).toMatch(/^error check: the vocabulary is not what vLLM needs/m);
  expect(outcome.log).toMatch(/sha256 [0-9a-f]{64}, expected 446a9538/);
  expect(outcome.log).toMatch(/^Try: run with --repair=true/m);
  expect(outcome.results['outcome']).toBe('check: the vocabulary is not what vLLM needs');
});

test.each([
  [
    'a prefix without its slash',
    ['--prefix=models/x'],
    {},
    exitCodes.usage,
    /--prefix: "models\/x" is not a folder that ends in a slash/,
  ],
  ['no prefix', [], {}, exitCodes.usage, /--prefix: is required/],
  [
    'a base that is no path',
    [`--prefix=${prefix}`, '--encodings-base=mnt'],
    {},
    exitCodes.usage,
    /--encodings-base: "mnt" is not an absolute path/,
  ],
  [
    'F50: a base elsewhere',
    [`--prefix=${prefix}`, '--encodings-base=/opt'],
    {},
    exitCodes.check,
    /it will be \/mnt\/models\/o200k_base\.tiktoken/,
  ],
  [
    'a bucket that does not exist',
    [`--prefix=${prefix}`],
    { AWS_S3_BUCKET: 'none' },
    exitCodes.refused,
    /NoSuchBucket|none/,
  ],
  [
    'wrong keys',
    [`--prefix=${prefix}`],
    { AWS_SECRET_ACCESS_KEY: 'wrong-secret-key' },
    exitCodes.refused,
    /SignatureDoesNotMatch|secret/,
  ],
])('%s', async (_title, args, secret, code, says) => {
  const outcome = await run(args, secret);
  expect(outcome.code, outcome.log).toBe(code);
  expect(outcome.log).toMatch(says);
  expect(outcome.log).toMatch(/^Try: /m);
  expect(bucket.keys('models')).toEqual([]);
});
