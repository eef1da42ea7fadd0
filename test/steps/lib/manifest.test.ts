import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import {
  differences,
  isFolder,
  type Manifest,
  manifestDigest,
  manifestKey,
  parseManifest,
  readManifest,
  renderManifest,
  stateFolder,
} from '../../../steps/lib/manifest.ts';
import { createMemoryBucket, createStorage } from '../stage-model/memory-bucket.ts';

const manifest: Manifest = {
  repository: 'openai/gpt-oss-20b',
  commit: '6cee5e81ee83917806bbde320786a8fb61efebee',
  prefix: 'models/openai/gpt-oss-20b/6cee5e81ee83917806bbde320786a8fb61efebee/',
  selection: ['original/**'],
  files: [
    { path: 'config.json', size: 1806, digest: { algorithm: 'git-sha1', hex: 'a'.repeat(40) } },
    {
      path: 'model.safetensors',
      size: 4_792_272_488,
      digest: { algorithm: 'sha256', hex: 'b'.repeat(64) },
      partSize: 16_777_216,
    },
  ],
  policy: [{ rule: 'names', verdict: 'passed' }],
  vocabulary: { path: 'o200k_base.tiktoken', size: 3_613_922, sha256: 'c'.repeat(64) },
  tool: 'llm-rollout 0.1.0',
};

describe('renderManifest', () => {
  test('gives these bytes: who reads old manifests depends on them', () => {
    expect(JSON.parse(renderManifest(manifest).toString())).toEqual({
      schema: 1,
      repository: 'openai/gpt-oss-20b',
      commit: '6cee5e81ee83917806bbde320786a8fb61efebee',
      prefix: 'models/openai/gpt-oss-20b/6cee5e81ee83917806bbde320786a8fb61efebee/',
      selection: ['original/**'],
      files: [
        { path: 'config.json', size: 1806, 'git-sha1': 'a'.repeat(40) },
        { path: 'model.safetensors', size: 4_792_272_488, sha256: 'b'.repeat(64), partSize: 16_777_216 },
      ],
      policy: [{ rule: 'names', verdict: 'passed' }],
      vocabulary: { path: 'o200k_base.tiktoken', size: 3_613_922, sha256: 'c'.repeat(64) },
      tool: 'llm-rollout 0.1.0',
    });
    expect(manifestDigest(renderManifest(manifest))).toBe(
      'd0b1ff8cb9aac2d4eee91576cd03ee332b73d49b5e75a346a5b29bf89a2bd94e',
    );
  });

  test('the order in which files were found is of no account', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...manifest.files], { minLength: 2 }), (files) => {
        expect(renderManifest({ ...manifest, files })).toEqual(renderManifest(manifest));
      }),
    );
  });

  test('what is rendered is what is parsed', () => {
    expect(parseManifest(renderManifest(manifest), 'x')).toMatchObject({ ...manifest });
    const without = { ...manifest, vocabulary: null };
    expect(parseManifest(renderManifest(without), 'x').vocabulary).toBeNull();
  });
});

describe('parseManifest refuses', () => {
  const broken = (change: object) =>
    JSON.stringify({ ...(JSON.parse(renderManifest(manifest).toString()) as object), ...change });
  test.each([
    ['what is no JSON', '<html>', /no JSON object/],
    ['a text', '"manifest"', /no JSON object/],
    ['another schema', broken({ schema: 2 }), /schema 2, this version writes 1/],
    ['missing texts', broken({ commit: undefined, tool: 7 }), /no commit, tool/],
    ['files that are none', broken({ files: {} }), /files without/],
    ['a file without hash', broken({ files: [{ path: 'x', size: 1 }] }), /files without/],
    ['a file that is null', broken({ files: [null] }), /files without/],
    ['a policy that is none', broken({ policy: null }), /policy without/],
    ['a verdict that is none', broken({ policy: [{ rule: 'names' }] }), /policy without/],
    ['a vocabulary without hash', broken({ vocabulary: { path: 'x', size: 1 } }), /vocabulary without/],
  ])('%s', (_title, text, why) => {
    const parse = () => parseManifest(Buffer.from(text), 'models/key.json');
    expect(parse).toThrow(why);
    expect(parse).toThrow(StepError);
    try {
      parse();
    } catch (error) {
      expect(error).toMatchObject({ failure: 'check', hint: expect.stringContaining('aws s3 rm') });
    }
  });
});

describe('differences', () => {
  const listing = [
    { key: `${manifest.prefix}config.json`, size: 1806, etag: '' },
    { key: `${manifest.prefix}model.safetensors`, size: 4_792_272_488, etag: '' },
    { key: `${manifest.prefix}o200k_base.tiktoken`, size: 3_613_922, etag: '' },
    { key: `${manifest.prefix}folder/`, size: 0, etag: '' },
  ];
  test('none: the listing is the manifest, folders of consoles aside', () => {
    expect(differences(manifest, listing)).toEqual([]);
    expect(isFolder('a/')).toBe(true);
  });
  test('missing, of another size, not ours', () => {
    const changed = [
      { ...listing[0], key: `${manifest.prefix}config.json`, size: 1, etag: '' },
      { key: `${manifest.prefix}x`, size: 1, etag: '' },
    ];
    expect(differences(manifest, changed)).toEqual([
      `${manifest.prefix}config.json has 1 bytes, the manifest says 1806`,
      `${manifest.prefix}model.safetensors is missing`,
      `${manifest.prefix}o200k_base.tiktoken is missing`,
      `${manifest.prefix}x is there and not in the manifest`,
    ]);
  });
});

test('a manifest lies in the folder of its repository', async () => {
  const key = manifestKey(stateFolder('.llm-rollout', manifest.repository), manifest.commit);
  expect(key).toBe(
    '.llm-rollout/openai--gpt-oss-20b/manifests/6cee5e81ee83917806bbde320786a8fb61efebee.json',
  );
  const bucket = createMemoryBucket({ storage: createStorage() });
  expect(await readManifest(bucket, key)).toBeUndefined();
  await bucket.put(key, renderManifest(manifest));
  expect(await readManifest(bucket, key)).toMatchObject({
    key,
    digest: manifestDigest(renderManifest(manifest)),
    manifest,
  });
});
