import { expect, test } from 'vitest';
import { StepError } from '../../../steps/lib/errors.ts';
import { type Manifest, manifestKey, renderManifest } from '../../../steps/lib/manifest.ts';
import { listManifests, readIfOurs } from '../../../steps/lib/manifests.ts';
import { createMemoryBucket, createStorage } from '../stage-model/memory-bucket.ts';

const { signal } = new AbortController();
const state = '.llm-rollout/acme--tiny/';
const commit = 'a'.repeat(40);
const key = manifestKey(state, commit);
const manifest: Manifest = {
  repository: 'acme/tiny',
  commit,
  prefix: `models/acme/tiny/${commit}/`,
  selection: [],
  files: [],
  policy: [],
  vocabulary: null,
  tool: 'llm-rollout 0',
};

function bucketWith(bodies: Readonly<Record<string, Buffer>>) {
  const storage = createStorage();
  for (const [key, body] of Object.entries(bodies))
    storage.objects.set(key, { body, etag: 'e', metadata: {} });
  return createMemoryBucket({ storage });
}

test('lists the manifests of one repository, without the folder of a console', async () => {
  const body = renderManifest(manifest);
  const bucket = bucketWith({
    [key]: body,
    [`${state}manifests/`]: Buffer.alloc(0),
    [`${state}unproven/${commit}/a`]: body,
    [manifestKey('.llm-rollout/acme--tiny-2/', commit)]: body,
  });
  expect(await listManifests(bucket, state, signal)).toEqual([
    expect.objectContaining({ key, size: body.length }),
  ]);
});

test('reads what is one, whatever else it says', async () => {
  const body = JSON.stringify({ ...(JSON.parse(String(renderManifest(manifest))) as object), notOurs: 'x' });
  const found = await readIfOurs(
    bucketWith({ [key]: Buffer.from(body) }),
    { key, size: 1, etag: '' },
    signal,
  );
  expect(found).toMatchObject({ manifest: { commit } });
  expect(found.notOurs).toBeUndefined();
});

test.each([
  ['of another version', '{"schema":2}', 1, /schema 2/],
  ['that is damaged', '{"schema":1,', 1, /no JSON object/],
  ['that is endless', '{}', 2 ** 26 + 1, /^67108865 bytes, more than any manifest has/],
])('of one %s it says why', async (_title, body, size, why) => {
  const found = await readIfOurs(bucketWith({ [key]: Buffer.from(body) }), { key, size, etag: '' }, signal);
  expect(found).toEqual({
    notOurs: {
      because: expect.stringMatching(why) as unknown,
      evidence: expect.arrayContaining([expect.stringContaining(key)]) as unknown,
    },
  });
});

test('one that is gone is neither', async () => {
  expect(await readIfOurs(bucketWith({}), { key, size: 1, etag: '' }, signal)).toEqual({});
});

test('a bucket that fails says nothing of the manifest', async () => {
  const down = {
    ...bucketWith({}),
    get: () => Promise.reject(new StepError('unavailable', 'down', { hint: '' })),
  };
  await expect(readIfOurs(down, { key, size: 1, etag: '' }, signal)).rejects.toThrow('down');
});
