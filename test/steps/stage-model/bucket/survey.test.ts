import { expect, test } from 'vitest';
import { renderManifest } from '../../../../steps/lib/manifest.ts';
import { surveyBucket } from '../../../../steps/stage-model/bucket/survey.ts';
import { refusal } from '../memory-bucket.ts';
import { createMover } from '../mover.ts';
import { safetensors } from '../staging.ts';

const files = {
  'here.safetensors': safetensors(60, 1),
  'half.safetensors': safetensors(60, 2),
  'there.safetensors': safetensors(60, 3),
  'text.txt': Buffer.from('text'),
  'other-size.txt': Buffer.from('four'),
};

test('finds what lies here, what is pending and what another commit has, and asks for no more', async () => {
  const asked: string[] = [];
  const { storage, transfer, file } = await createMover({
    files,
    bucket: { before: (operation, key) => void (operation === 'head' && asked.push(key)) },
  });
  const { bucket, place, signal } = transfer;
  const put = async (path: keyof typeof files, body: Buffer, key = file(path).key) =>
    bucket.put(key, body, { metadata: { [file(path).digest.algorithm]: file(path).digest.hex } });
  await put('here.safetensors', files['here.safetensors']);
  await put('text.txt', files['text.txt']);
  await put('other-size.txt', Buffer.from('xx'));
  const uploadId = await bucket.createUpload(file('half.safetensors').key);
  await bucket.uploadPart({
    key: file('half.safetensors').key,
    uploadId,
    partNumber: 2,
    body: Buffer.alloc(16),
  });
  const other = `${place.family}${'0'.repeat(40)}/`;
  await put('there.safetensors', files['there.safetensors'], `${other}renamed.safetensors`);
  const there = file('there.safetensors');
  const half = file('half.safetensors');
  await bucket.put(
    `${place.state}manifests/${'0'.repeat(40)}.json`,
    renderManifest({
      repository: place.model,
      commit: '0'.repeat(40),
      prefix: other,
      selection: [],
      files: [
        { path: 'renamed.safetensors', size: there.size, digest: there.digest },
        { path: 'deleted.safetensors', size: half.size, digest: half.digest },
      ],
      policy: [],
      vocabulary: null,
      tool: 'llm-rollout',
    }),
  );
  const survey = await surveyBucket(Object.keys(files).map(file), place, { bucket, signal });
  expect([...survey.stored.keys()]).toEqual([file('here.safetensors').key, file('text.txt').key]);
  expect([...survey.pending]).toEqual([
    [half.key, [{ uploadId, parts: [expect.objectContaining({ partNumber: 2, size: 16 })] }]],
  ]);
  expect([...survey.elsewhere]).toEqual([
    ['there.safetensors', expect.objectContaining({ key: `${other}renamed.safetensors` })],
  ]);
  expect(survey.listing).toHaveLength(3);
  expect(asked.toSorted()).toEqual(
    [
      `${other}deleted.safetensors`,
      `${other}renamed.safetensors`,
      file('here.safetensors').key,
      file('text.txt').key,
    ].toSorted(),
  );
  expect(storage.uploads.size).toBe(1);
});

test.each([
  ['of a newer tool', '{"schema":2}'],
  ['that is damaged', '{"schema":1,"repos'],
])(
  'a manifest of another commit %s stops nothing, and neither does a folder of a console',
  async (_, text) => {
    const { transfer, file } = await createMover({ files });
    const { bucket, place, signal } = transfer;
    await bucket.put(`${place.state}manifests/${'1'.repeat(40)}.json`, Buffer.from(text));
    await bucket.put(`${place.state}manifests/`, Buffer.alloc(0));
    const survey = await surveyBucket(Object.keys(files).map(file), place, { bucket, signal });
    expect(survey.elsewhere.size).toBe(0);
  },
);

test('a manifest of another commit that is too large for one is not read', async () => {
  const { transfer, file } = await createMover({ files });
  const { bucket, place, signal } = transfer;
  const large = `${place.state}manifests/${'1'.repeat(40)}.json`;
  const grown: typeof bucket = {
    ...bucket,
    list: async (prefix, signal) => [
      ...(await bucket.list(prefix, signal)),
      ...(large.startsWith(prefix) ? [{ key: large, size: 2 ** 26 + 1, etag: 'x' }] : []),
    ],
    get: () => Promise.reject(new Error('was read')),
  };
  expect(
    (await surveyBucket([file('there.safetensors')], place, { bucket: grown, signal })).elsewhere.size,
  ).toBe(0);
});

test('finds the bytes of a commit whose twin was deleted, and of one of many', async () => {
  const { transfer, file } = await createMover({ files });
  const { bucket, place, signal } = transfer;
  const there = file('there.safetensors');
  const digest = { [there.digest.algorithm]: there.digest.hex };
  for (let n = 0; n < 30; n += 1) {
    const commit = n.toString(16).padStart(40, '0');
    const prefix = `${place.family}${commit}/`;
    const path = n === 3 || n > 27 ? there.path : 'other.txt';
    const hash = path === there.path ? there.digest : { ...there.digest, hex: 'f'.repeat(64) };
    const manifest = { repository: place.model, commit, prefix, selection: [], policy: [], vocabulary: null };
    await bucket.put(
      `${place.state}manifests/${commit}.json`,
      renderManifest({ ...manifest, files: [{ path, size: there.size, digest: hash }], tool: 'llm-rollout' }),
    );
    if (n === 3) await bucket.put(prefix + path, files['there.safetensors'], { metadata: digest });
  }
  const survey = await surveyBucket([there], place, { bucket, signal });
  expect(survey.elsewhere.get(there.path)?.key).toContain('3/there.safetensors');
});

test('a server that lists uploads and not their parts has none to go on with', async () => {
  const { transfer, file } = await createMover({ files });
  const { bucket, place, signal } = transfer;
  const wanted = file('half.safetensors');
  await bucket.createUpload(wanted.key);
  const listParts = async () => {
    throw refusal('NotImplemented', 501, wanted.key);
  };
  const { pending } = await surveyBucket([wanted], place, {
    bucket: { ...bucket, listParts },
    signal,
  });
  expect(pending.get(wanted.key)).toMatchObject([{ parts: [] }]);
});
