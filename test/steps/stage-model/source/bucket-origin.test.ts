import { describe, expect, test } from 'vitest';
import { createLog } from '../../../../steps/lib/log.ts';
import { bucketOrigin } from '../../../../steps/stage-model/source/bucket-origin.ts';
import { contentIdentity } from '../../../../steps/stage-model/source/identity.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { createMemoryHub } from '../memory-hub.ts';
import { collect, failure, hashOf, layObjects, notesOf, type Tree } from '../sources.ts';
import { commit, defaults, model, prefix, stage, stillClock } from '../staging.ts';

const tree: Tree = {
  'README.md': Buffer.from('---\nlicense: mit\n---\n'),
  'config.json': Buffer.from('{}'),
  'notes/text.txt': Buffer.from('some text'),
};

interface Case {
  readonly prefix?: string;
  readonly params?: Partial<typeof defaults>;
  readonly sameBucket?: boolean;
  readonly reads?: string[];
  readonly withTags?: boolean;
}

function open(
  storage = createStorage(),
  { prefix = 'in/', params, sameBucket = false, reads, withTags = true }: Case = {},
) {
  const lines: string[] = [];
  const memory = createMemoryBucket({
    storage,
    before: (operation, key) => void (operation === 'read' && reads?.push(key)),
  });
  const listUntagged: typeof memory.list = async (...asked) =>
    (await memory.list(...asked)).map((object) => ({ ...object, etag: '' }));
  const bucket = withTags ? memory : { ...memory, list: listUntagged };
  const elsewhere = { ...createMemoryBucket({ storage: createStorage() }), where: 's3://out at memory' };
  const origin = bucketOrigin({
    bucket,
    prefix,
    params: { ...defaults, ...params },
    destination: sameBucket ? bucket : elsewhere,
    log: createLog({ write: (line) => lines.push(line), env: {}, step: 'stage-model' }),
    clock: stillClock,
    describe: (prefix) => ({ kind: 'folder', path: prefix }),
  });
  return { opened: origin.open(new AbortController().signal), lines };
}

describe('the commit', () => {
  test('is that of the manifest, with its hashes, where this tool has staged', async () => {
    const storage = createStorage();
    await stage({ hub: createMemoryHub({ commit, files: tree }), bucket: createMemoryBucket({ storage }) });
    const reads: string[] = [];
    const { opened, lines } = open(storage, { prefix, reads });
    const { files, source, ...snapshot } = await opened;
    expect(snapshot).toEqual({ commit, license: 'mit' });
    expect(files.map(({ path, digest }) => [path, digest.algorithm])).toEqual(
      Object.keys(tree).map((path) => [path, 'git-sha1']),
    );
    expect(source.description).toEqual({ kind: 'folder', path: prefix });
    expect(reads).toEqual([`${prefix}README.md`]);
    expect(lines.join('')).toMatch(/^the source names its commit/m);
  });

  test('below the prefix is the one that is asked for', async () => {
    const storage = createStorage();
    await stage({ hub: createMemoryHub({ commit, files: tree }), bucket: createMemoryBucket({ storage }) });
    const { opened } = open(storage, { prefix: `models/${model}/`, params: { revision: commit } });
    const { source } = await opened;
    expect(source.where).toContain(prefix);
  });

  test('is the one of hf download, where its notes were copied along', async () => {
    const storage = createStorage();
    layObjects(storage, 'in/', { ...tree, ...notesOf(tree, commit), '.git/HEAD': Buffer.from('x') });
    const { commit: found, files } = await open(storage).opened;
    expect(found).toBe(commit);
    expect(files.map(({ path }) => path)).toEqual(Object.keys(tree));
  });

  test('is not the one of a note that is larger than any, which is not read', async () => {
    const storage = createStorage();
    const notes = notesOf(tree, commit);
    const large = '.cache/huggingface/download/config.json.metadata';
    layObjects(storage, 'in/', {
      ...tree,
      ...notes,
      [large]: Buffer.concat([notes[large] ?? Buffer.alloc(0), Buffer.alloc(5000, '\n')]),
    });
    const { opened, lines } = open(storage);
    const { commit: identity, files } = await opened;
    expect(identity).toBe(contentIdentity(files));
    expect(lines.join('')).toContain('because="the note of config.json cannot be read"');
  });

  test('is made of all objects otherwise, each read once; folders that a console made are none', async () => {
    const storage = createStorage();
    layObjects(storage, 'in/', { ...tree, 'empty/': Buffer.alloc(0) });
    layObjects(storage, 'in', { 'side/x': Buffer.from('not of it') });
    const reads: string[] = [];
    const { opened, lines } = open(storage, { reads });
    const { commit: identity, files } = await opened;
    expect(identity).toBe(contentIdentity(files));
    expect(files.map(({ path, digest }) => [path, digest.hex])).toEqual(
      Object.entries(tree).map(([path, bytes]) => [path, hashOf('sha256', bytes)]),
    );
    expect(reads.filter((key) => key === 'in/config.json')).toHaveLength(1);
    expect(lines.join('')).toMatch(/^reading every object of the source once.*files=3 bytes=\d+$/m);
  });
});

test.each([
  ['hashed', {}],
  ['noted by hf download', notesOf(tree, commit)],
])('where a listing has no ETags, files that are %s are read without one', async (_title, notes) => {
  const storage = createStorage();
  layObjects(storage, 'in/', { ...tree, ...notes });
  const { files, source } = await open(storage, { withTags: false }).opened;
  for (const file of files) {
    expect(file).not.toHaveProperty('version');
    const bytes = collect(source.read(file, { start: 0, end: file.size }, new AbortController().signal));
    expect(await bytes).toBe(tree[file.path]?.toString());
  }
});

describe('refused', () => {
  test('a prefix without objects', async () => {
    expect(await failure(open().opened)).toMatchObject({
      failure: 'refused',
      message: 'nothing lies under s3://models/in/',
      hint: expect.stringContaining('source-secret'),
    });
  });

  test.each([
    ['the model is stored in the source', '', {}],
    ['the model is stored in the source', `models/${model}/`, {}],
    ['the model is stored in the source', 'models/', {}],
    ['the source is where the model is stored', `models/${model}/by-hand/`, {}],
    ['the source is the state', '.llm-rollout/x/', {}],
    ['the source holds the state', 'in/', { statePrefix: 'in/state' }],
    ['the source is the prefix', 'in/', { prefix: 'in' }],
  ])('%s: %j', async (_title, prefix, params) => {
    expect(await failure(open(createStorage(), { prefix, params, sameBucket: true }).opened)).toMatchObject({
      failure: 'usage',
      message: 'the source and what is written lie in one another',
      hint: expect.stringContaining('--prefix'),
    });
  });

  test.each([
    ['in/', { prefix: 'input' }],
    ['models/acme/tiny2/', {}],
  ])('not %j beside it', async (prefix, params) => {
    const storage = createStorage();
    layObjects(storage, prefix, tree);
    await expect(open(storage, { prefix, params, sameBucket: true }).opened).resolves.toBeDefined();
  });

  test('a branch, before anything is asked', async () => {
    expect(await failure(open(createStorage(), { params: { revision: 'v1' } }).opened)).toMatchObject({
      failure: 'usage',
      message: expect.stringContaining('has no branches and tags'),
    });
  });
});
