import { describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { type Manifest, renderManifest } from '../../../steps/lib/manifest.ts';
import { readVocabulary, vocabulary, vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import { verifyVocabulary } from '../../../steps/verify-tiktoken/verify.ts';
import { createMemoryBucket, createStorage } from '../stage-model/memory-bucket.ts';
import { manifestKey, model, prefix, commit } from '../stage-model/staging.ts';

const places = vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts'));
const exact = await readVocabulary(places);
const key = prefix + vocabulary.file;
const harmonyConfig = '{"model_type":"gpt_oss"}';
type Params = Parameters<typeof verifyVocabulary>[0]['params'];

function setup(
  objects: Readonly<Record<string, Buffer | string>>,
  params: Partial<Params> = {},
  options: object = {},
) {
  const storage = createStorage();
  for (const [path, body] of Object.entries(objects))
    storage.objects.set(path.startsWith('.') ? path : prefix + path, {
      body: Buffer.from(body as string),
      etag: 'e',
      metadata: {},
    });
  const run = () =>
    verifyVocabulary({
      params: {
        model,
        prefix,
        statePrefix: '.llm-rollout',
        vocabulary: 'auto',
        repair: true,
        encodingsBase: '/mnt/models',
        ...params,
      },
      bucket: createMemoryBucket({ storage, ...options }),
      log: createLog({ write: () => {}, env: {}, step: 'verify-tiktoken' }),
      signal: new AbortController().signal,
      vocabularyPlaces: places,
    });
  return { storage, run };
}

function marker(vocabularyInIt: Manifest['vocabulary']): Record<string, Buffer> {
  const manifest = {
    repository: model,
    commit,
    prefix,
    selection: [],
    files: [],
    policy: [],
    vocabulary: vocabularyInIt,
    tool: 'llm-rollout',
  };
  return { [manifestKey]: renderManifest(manifest) };
}

const proven = { vocabularyDigest: vocabulary.sha256, encodingsBase: '/mnt/models', outcome: 'ok' };

describe('proves', () => {
  test.each([true, false])('the exact file, with repair %s, and writes nothing', async (repair) => {
    const { storage, run } = setup({ 'config.json': harmonyConfig, [vocabulary.file]: exact }, { repair });
    expect(await run()).toEqual(proven);
    expect(storage.writes.size).toBe(0);
  });

  test('a base with a slash at its end as the same folder', async () => {
    const { run } = setup(
      { 'config.json': harmonyConfig, [vocabulary.file]: exact },
      { encodingsBase: '/mnt/models/' },
    );
    expect(await run()).toEqual(proven);
  });

  test.each<[string, string | undefined, Partial<Params>]>([
    ['a model of another kind', '{"model_type":"llama"}', {}],
    ['a model without config.json and with another name', undefined, {}],
    ['config.json that is no JSON', '{', {}],
    ['never', harmonyConfig, { vocabulary: 'never' }],
  ])('nothing for %s: unchanged, and the variable stays unset', async (_title, config, params) => {
    const { run } = setup(config === undefined ? {} : { 'config.json': config }, {
      ...params,
      encodingsBase: '/elsewhere',
    });
    expect(await run()).toEqual({ vocabularyDigest: '', encodingsBase: '', outcome: 'unchanged' });
  });

  test('the file for a model whose config.json has what only Python writes', async () => {
    const { run } = setup({
      'config.json': '{"model_type":"gpt_oss","limit":Infinity}',
      [vocabulary.file]: exact,
    });
    expect(await run()).toEqual(proven);
  });

  test('the file for any model when it is always wanted', async () => {
    const { run } = setup(
      { 'config.json': '{"model_type":"llama"}', [vocabulary.file]: exact },
      { vocabulary: 'always' },
    );
    expect(await run()).toEqual(proven);
  });
});

const damaged: readonly [string, Record<string, Buffer | string>][] = [
  ['missing', {}],
  ['F48: a web page', { [vocabulary.file]: '<html>Application is not available</html>' }],
  [
    'F49: with CRLF',
    { [vocabulary.file]: Buffer.from(exact.toString('latin1').replaceAll('\n', '\r\n'), 'latin1') },
  ],
  ['far too large', { [vocabulary.file]: Buffer.alloc(5 * vocabulary.size) }],
];

describe('before a commit', () => {
  test.each(damaged)('a file that is %s is put from the image', async (_title, objects) => {
    const { storage, run } = setup({ 'config.json': harmonyConfig, ...objects });
    expect(await run()).toEqual(proven);
    expect(storage.objects.get(key)?.body.equals(exact)).toBe(true);
    expect(storage.objects.get(key)?.metadata).toEqual({ sha256: vocabulary.sha256 });
  });

  test.each(damaged)('without repair a file that is %s ends with 65 and stays', async (_title, objects) => {
    const { storage, run } = setup({ 'config.json': harmonyConfig, ...objects }, { repair: false });
    await expect(run()).rejects.toMatchObject({
      failure: 'check',
      message: 'the vocabulary is not what vLLM needs',
      evidence: expect.arrayContaining([expect.stringContaining(`(S3, models/${key})`)]),
      hint: 'run with --repair=true: the image holds the exact file',
    });
    expect(storage.writes.size).toBe(0);
  });

  test('F50: a file where nobody looks is named', async () => {
    const { run } = setup(
      { 'config.json': harmonyConfig, [`vocab/${vocabulary.file}`]: exact },
      { repair: false },
    );
    await expect(run()).rejects.toMatchObject({
      evidence: expect.arrayContaining([
        expect.stringContaining(`lies at ${prefix}vocab/o200k_base.tiktoken, where nobody looks`),
      ]),
    });
  });

  test('a prefix that was filled by hand has no marker and is repaired', async () => {
    const { storage, run } = setup({ ...marker(null) }, { prefix: 'models/by-hand/', vocabulary: 'always' });
    expect(await run()).toEqual(proven);
    expect(storage.objects.has(`models/by-hand/${vocabulary.file}`)).toBe(true);
  });

  test('a bucket that keeps other bytes is not believed', async () => {
    const { run } = setup(
      { 'config.json': harmonyConfig },
      {},
      { keep: (_: string, body: Buffer) => body.subarray(1) },
    );
    await expect(run()).rejects.toMatchObject({
      failure: 'check',
      message: 'the vocabulary is wrong again right after it was put',
    });
  });
});

describe('after a commit nothing is written', () => {
  const ours = { path: vocabulary.file, size: vocabulary.size, sha256: vocabulary.sha256 };
  test.each<[string, Manifest['vocabulary'], Record<string, Buffer | string>, RegExp]>([
    [
      'a committed vocabulary that was changed',
      ours,
      { [vocabulary.file]: Buffer.concat([exact.subarray(1), exact.subarray(0, 1)]) },
      /no longer what was committed/,
    ],
    ['a committed vocabulary that was removed', ours, {}, /no longer what was committed/],
    ['a model that was committed without it', null, {}, /committed without the vocabulary/],
  ])('%s ends with 65, the evidence and the way out', async (_title, inManifest, objects, headline) => {
    const { storage, run } = setup({ 'config.json': harmonyConfig, ...marker(inManifest), ...objects });
    const error: unknown = await run().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(StepError);
    expect(error).toMatchObject({
      failure: 'check',
      message: expect.stringMatching(headline),
      evidence: expect.arrayContaining([
        `vocabulary in the manifest: ${inManifest ? `sha256 ${vocabulary.sha256}` : 'none'} (S3, models/${manifestKey})`,
      ]),
      hint: expect.stringMatching(
        /^aws s3 rm s3:\/\/models\/\.llm-rollout\/acme--tiny\/manifests\/[0-9a-f]{40}\.json .* --vocabulary=\w+ --read-back=always: /,
      ),
    });
    expect(storage.writes.size).toBe(0);
  });

  test('the exact file is proven as before one', async () => {
    const { run } = setup({ 'config.json': harmonyConfig, ...marker(ours), [vocabulary.file]: exact });
    expect(await run()).toEqual(proven);
  });
});

test.each(['/opt/vocab', '/mnt/models/vocab', '/mnt', '/'])(
  'F50: a variable that names %s does not lead to the file, and the path that does is named',
  async (encodingsBase) => {
    const { storage, run } = setup(
      { 'config.json': harmonyConfig, [vocabulary.file]: exact },
      { encodingsBase },
    );
    await expect(run()).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('/mnt/models/o200k_base.tiktoken'),
      hint: 'run with --encodings-base=/mnt/models',
    });
    expect(storage.writes.size).toBe(0);
  },
);

test('F47 F49b: an image without the file says so instead of uploading nothing', async () => {
  const storage = createStorage();
  const run = verifyVocabulary({
    params: {
      model,
      prefix,
      statePrefix: '.llm-rollout',
      vocabulary: 'always',
      repair: true,
      encodingsBase: '/mnt/models',
    },
    bucket: createMemoryBucket({ storage }),
    log: createLog({ write: () => {}, env: {}, step: 'verify-tiktoken' }),
    signal: new AbortController().signal,
    vocabularyPlaces: [new URL('file:///nowhere/o200k_base.tiktoken')],
  });
  await expect(run).rejects.toThrow('the image does not hold the vocabulary');
  expect(storage.writes.size).toBe(0);
});
