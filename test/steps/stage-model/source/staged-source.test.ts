import { describe, expect, test } from 'vitest';
import { createLog } from '../../../../steps/lib/log.ts';
import { type Manifest, renderManifest } from '../../../../steps/lib/manifest.ts';
import { findStaged, stagedFiles } from '../../../../steps/stage-model/source/staged-source.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { failure, hashOf, layObjects, type Tree } from '../sources.ts';
import { commit, manifestKey, model, prefix } from '../staging.ts';

const tree: Tree = { 'config.json': Buffer.from('{}'), 'model.safetensors': Buffer.from('weights') };
const other = 'b'.repeat(40);
const { signal } = new AbortController();

const manifest: Manifest = {
  repository: model,
  commit,
  prefix,
  selection: [],
  files: Object.entries(tree)
    .map(([path, bytes]) => ({
      path,
      size: bytes.length,
      digest: { algorithm: 'sha256', hex: hashOf('sha256', bytes) } as const,
    }))
    .reverse(),
  policy: [],
  vocabulary: null,
  tool: 'llm-rollout 0',
};

function stagedWith(...manifests: Partial<Manifest>[]) {
  const storage = createStorage();
  for (const changed of manifests) {
    const one = { ...manifest, ...changed };
    layObjects(storage, one.prefix, tree);
    layObjects(storage, '', { [manifestKey.replace(commit, one.commit)]: renderManifest(one) });
  }
  const bucket = createMemoryBucket({ storage });
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'stage-model' });
  const find = (prefix: string, revision = 'main') =>
    findStaged(bucket, { prefix, revision, model, statePrefix: '.llm-rollout', log }, signal);
  return { bucket, find, lines };
}

describe('the staged commit', () => {
  const two = stagedWith({}, { commit: other, prefix: prefix.replace(commit, other) });
  test.each([
    ['exactly under the prefix', prefix, 'main', commit],
    ['below the prefix, by its name', `models/${model}/`, other, other],
    ['exactly under it, whatever is asked for', prefix, other, commit],
    ['anywhere below, by its name', '', commit, commit],
  ])('%s', async (_title, prefix, revision, found) => {
    expect((await two.find(prefix, revision))?.commit).toBe(found);
  });

  test('none, where none lies', async () => {
    expect(await two.find('models/else/')).toBeUndefined();
    expect(await stagedWith().find(prefix)).toBeUndefined();
  });

  test.each([
    ['main', /^--revision=[0-9a-f]{40}, or the whole prefix/],
    ['c'.repeat(40), /is none of them$/],
  ])('not guessed among several, asked for %s', async (revision, hint) => {
    expect(await failure(two.find(`models/${model}/`, revision))).toMatchObject({
      failure: 'usage',
      message: '2 staged commits lie there, and none of them is named',
      evidence: [expect.stringContaining(commit), expect.stringContaining(other)],
      hint: expect.stringMatching(hint),
    });
  });

  describe.each([
    ['of a later version', (body: object) => JSON.stringify({ ...body, schema: 2 })],
    ['that is damaged', (body: object) => JSON.stringify(body).slice(0, 40)],
  ])('beside a manifest %s', (_title, spoil) => {
    const beside = async () => {
      const staged = stagedWith({}, { commit: other, prefix: prefix.replace(commit, other) });
      const key = manifestKey.replace(commit, other);
      const body = JSON.parse(String(await staged.bucket.get(key))) as object;
      await staged.bucket.put(key, Buffer.from(spoil(body)));
      return { ...staged, key };
    };

    test.each([
      [prefix, 'main'],
      [`models/${model}/`, commit],
    ])('of another commit is found: %s, %s', async (prefix, revision) => {
      const { find, lines, key } = await beside();
      expect((await find(prefix, revision))?.commit).toBe(commit);
      expect(lines).toEqual([expect.stringMatching(`^warn left out a manifest at the source .*key=${key}`)]);
    });

    test.each([
      ['the revision', `models/${model}/`, other],
      ['the prefix', prefix.replace(commit, other), 'main'],
    ])('is refused where %s names that one, and nothing is to be deleted', async (_how, prefix, revision) => {
      const { find, key } = await beside();
      const error = await failure(find(prefix, revision));
      expect(error).toMatchObject({
        failure: 'check',
        message: 'the manifest at the source is not one of ours',
        evidence: [
          expect.stringMatching(/^the commit marker is not one of ours: /),
          expect.stringContaining(`(S3, models/${key})`),
        ],
      });
      expect(error).toHaveProperty('hint', expect.not.stringMatching(/\brm\b/));
    });
  });

  test('is found beside a manifest of another commit that is too large for one, which is not read', async () => {
    const { bucket, find, lines } = stagedWith({}, { commit: other, prefix: prefix.replace(commit, other) });
    const large = manifestKey.replace(commit, other);
    const list = bucket.list.bind(bucket);
    bucket.list = async (prefix, signal) =>
      (await list(prefix, signal)).map((object) =>
        object.key === large ? { ...object, size: 2 ** 26 + 1 } : object,
      );
    expect((await find(`models/${model}/`, commit))?.commit).toBe(commit);
    expect(lines.join('')).toMatch(/because="67108865 bytes, more than any manifest has/);
    expect(await failure(find(`models/${model}/`, other))).toMatchObject({
      failure: 'check',
      evidence: [`67108865 bytes, more than any manifest has (s3://models at memory, LIST ${large})`],
    });
  });

  test.each<[string, Partial<Manifest>]>([
    ['commit', { commit: '../../x' }],
    ['prefix', { prefix: 'models/acme/tiny' }],
    ['hash', { files: [{ path: 'a', size: 1, digest: { algorithm: 'sha256', hex: 'zz' } }] }],
  ])('is refused when its manifest has a %s that is none', async (what, changed) => {
    const error = await failure(stagedWith(changed).find('models/acme/'));
    expect(error).toMatchObject({
      failure: 'check',
      message: 'the manifest at the source is not one of ours',
    });
    expect(error).toHaveProperty('evidence.0', expect.stringContaining(what));
  });
});

describe('its files', () => {
  test('are those of the manifest, with the ETags of the objects, by path', async () => {
    const { bucket } = stagedWith({});
    const files = stagedFiles(manifest, await bucket.list(prefix), bucket);
    expect(files.map(({ path }) => path)).toEqual(['config.json', 'model.safetensors']);
    for (const { path, version } of files) expect(version).toBe((await bucket.head(prefix + path))?.etag);
  });

  test('have none where the listing has none', async () => {
    const { bucket } = stagedWith({});
    const listing = (await bucket.list(prefix)).map((object) => ({ ...object, etag: '' }));
    for (const file of stagedFiles(manifest, listing, bucket)) expect(file).not.toHaveProperty('version');
  });

  test('are not given when an object is missing, of another size, or one too many', async () => {
    const { bucket } = stagedWith({});
    await bucket.delete(`${prefix}config.json`);
    await bucket.put(`${prefix}model.safetensors`, Buffer.from('short'));
    await bucket.put(`${prefix}more`, Buffer.from('x'));
    const listing = await bucket.list(prefix);
    expect(() => stagedFiles(manifest, listing, bucket)).toThrow(
      expect.objectContaining({
        failure: 'check',
        message: 'the manifest at the source does not agree with its objects',
        evidence: [
          expect.stringContaining('model.safetensors has 5 bytes, the manifest says 7'),
          expect.stringContaining('config.json is missing'),
          expect.stringContaining('more is there and not in the manifest'),
        ],
      }),
    );
  });
});
