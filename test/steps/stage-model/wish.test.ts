import { describe, expect, test } from 'vitest';
import type { StepError } from '../../../steps/lib/errors.ts';
import type { Hub } from '../../../steps/lib/hub.ts';
import { vocabulary, vocabularyPlaces } from '../../../steps/lib/vocabulary.ts';
import { createDownloads } from '../../../steps/stage-model/pace/downloads.ts';
import { jsonLimit } from '../../../steps/stage-model/policy/policy.ts';
import { hubOrigin } from '../../../steps/stage-model/source/hub-origin.ts';
import type { Stage } from '../../../steps/stage-model/stage.ts';
import { demandPolicy, demandReviewed, makeWish, manifestOf } from '../../../steps/stage-model/wish.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { createMemoryBucket, createStorage } from './memory-bucket.ts';
import { createMemoryHub } from './memory-hub.ts';
import { commit, defaults, model, prefix, safetensors, stillClock, tinyParts } from './staging.ts';

type Files = Readonly<Record<string, Buffer>>;

function open(files: Files, params: Partial<Stage['params']> = {}, hub: object = {}): Stage {
  const asked = { ...defaults, ...params };
  return {
    params: asked,
    origin: hubOrigin(createMemoryHub({ commit, files, ...hub }), asked.model, asked.revision),
    bucket: createMemoryBucket({ storage: createStorage() }),
    log: createLog({ write: () => {}, env: {}, step: 'stage-model' }),
    clock: stillClock,
    signal: new AbortController().signal,
    vocabularyPlaces: vocabularyPlaces(import.meta.resolve('../../../steps/lib/vocabulary.ts')),
    limits: tinyParts,
    downloads: createDownloads(1, stillClock),
  };
}

const files = {
  'config.json': Buffer.from('{"model_type":"gpt_oss"}'),
  'model.safetensors': safetensors(100),
  'original/model.safetensors': safetensors(1),
};

test('says what has to lie where, in which parts, and what is left out', async () => {
  const wish = await makeWish(open(files));
  expect(wish.place.commit).toBe(commit);
  expect(wish.files.map(({ key, partSize }) => [key, partSize])).toEqual([
    [`${prefix}config.json`, 16],
    [`${prefix}model.safetensors`, 16],
  ]);
  expect(wish.ignored.map(({ file }) => file.path)).toEqual(['original/model.safetensors']);
});

test.each([1000, 2 ** 52])(
  'refuses a file that no object of S3 holds, with --max-size=%i',
  async (maxSize) => {
    const path = 'large.safetensors';
    const memory = createMemoryHub({ commit, files });
    const hub: Partial<Hub> = {
      listFiles: async (...about) => [
        ...(await memory.listFiles(...about)),
        { path, size: 1e15, digest: { algorithm: 'sha256', hex: 'a'.repeat(64) } },
      ],
    };
    const stage = open(files, { maxSize });
    const error: unknown = await makeWish({
      ...stage,
      origin: hubOrigin({ ...memory, ...hub }, model, 'main'),
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: 'check', message: expect.stringMatching(/^the policy refuses/) });
    const { evidence } = error as StepError;
    expect(evidence).toContain(`${path}: has 1000000000000000 bytes, more than S3 stores in one object`);
    expect(evidence.some((line) => line.includes('--max-size'))).toBe(maxSize === 1000);
  },
);

describe('vocabulary', () => {
  test.each<[Stage['params']['vocabulary'], string, boolean]>([
    ['auto', '{"model_type":"gpt_oss"}', true],
    ['auto', '{"model_type":"gpt_oss","limit":[0.0,Infinity]}', true],
    ['auto', '{"model_type":"llama"}', false],
    ['auto', 'no JSON', false],
    ['always', '{"model_type":"llama"}', true],
    ['never', '{"model_type":"gpt_oss"}', false],
  ])('%s with config.json %s: %s', async (mode, config, expected) => {
    const wish = await makeWish(open({ ...files, 'config.json': Buffer.from(config) }, { vocabulary: mode }));
    const found = wish.files.find(({ path }) => path === vocabulary.file);
    expect(found !== undefined).toBe(expected);
    expect(manifestOf(wish, []).vocabulary).toEqual(
      expected ? { path: vocabulary.file, size: vocabulary.size, sha256: vocabulary.sha256 } : null,
    );
  });

  test('is not asked of a config.json that is too large to be looked through: that is refused unread', async () => {
    const config = Buffer.from('{"model_type":"gpt_oss"}'.padEnd(jsonLimit + 1));
    const wish = await makeWish(open({ ...files, 'config.json': config }, { vocabulary: 'auto' }));
    expect(wish.files.map(({ path }) => path)).not.toContain(vocabulary.file);
    expect(wish.refusals).toMatchObject([{ path: 'config.json' }]);
  });

  test("takes the place of a repository's own file of that name", async () => {
    const wish = await makeWish(
      open({ ...files, [vocabulary.file]: Buffer.from('IQ== 0\n') }, { vocabulary: 'auto' }),
    );
    expect(wish.files.filter(({ path }) => path === vocabulary.file)).toMatchObject([
      { size: vocabulary.size },
    ]);
    expect(manifestOf(wish, []).files.map(({ path }) => path)).toEqual(['config.json', 'model.safetensors']);
  });
});

test.each([`${vocabulary.file}/x.txt`, vocabulary.file.toUpperCase()])(
  'refuses %s beside our vocabulary, and only there',
  async (path) => {
    const withTwin = { ...files, [path]: Buffer.from('x') };
    await expect(makeWish(open(withTwin, { vocabulary: 'always' }))).rejects.toMatchObject({
      message: expect.stringContaining('not safe to store'),
      evidence: [expect.stringContaining(path)],
    });
    expect((await makeWish(open(withTwin))).files.map((file) => file.path)).toContain(path);
  },
);

describe('demandPolicy', () => {
  test('of what nobody had to review the manifest says that it passed', async () => {
    const stage = open(files);
    const wish = await makeWish(stage);
    const verdicts = demandReviewed(await demandPolicy(wish, stage), stage);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['passed', 'passed']);
    expect(manifestOf(wish, verdicts)).toMatchObject({ repository: model, policy: verdicts });
  });

  test('a licence outside of the list cannot be reviewed away', async () => {
    const stage = open(files, { allowLicenses: ['mit'] }, { license: 'apache-2.0' });
    await expect(demandPolicy(await makeWish(stage), stage)).rejects.toMatchObject({
      failure: 'check',
      evidence: [`${model}: its licence is apache-2.0, none of mit`],
      hint: expect.not.stringContaining('allow-code'),
    });
  });

  test('a file that somebody reviewed passes by its hash, and the manifest tells', async () => {
    const withCode = { ...files, 'modeling.py': Buffer.from('print()') };
    const refused = open(withCode);
    const wish = await makeWish(refused);
    const error: unknown = await demandPolicy(wish, refused).catch((error: unknown) => error);
    const hash = /--allow-code=([0-9a-f]{40})/.exec((error as { hint: string }).hint)?.[1] ?? '';
    const reviewed = open(withCode, { allowCode: [hash] });
    expect(demandReviewed(await demandPolicy(wish, reviewed), reviewed)).toContainEqual({
      rule: 'no code, no pickles',
      verdict: `reviewed: modeling.py ${hash}`,
    });
  });
});
