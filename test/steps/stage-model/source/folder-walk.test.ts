import { execFile } from 'node:child_process';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { blobsOf, walkFolder } from '../../../../steps/stage-model/source/folder-walk.ts';
import { failure, layCache, layFiles, makeFolder } from '../sources.ts';
import { commit } from '../staging.ts';

const text = Buffer.from('text');

/** What a link to a place outside of the folder is said to be. */
function outside(path: string, real: string) {
  const problem = new RegExp(`^is a link to "(${real})", outside of the folder$`);
  return { path, problem: expect.stringMatching(problem) as unknown };
}

test('finds every file by its path, without what is not of the model', async () => {
  const folder = await makeFolder();
  await layFiles(folder, {
    'b/c/model.safetensors': text,
    'a.json': Buffer.alloc(0),
    '.gitattributes': text,
    '.git/config': text,
    '.cache/huggingface/download/a.json.metadata': text,
    'b/lost+found/x': text,
  });
  await mkdir(join(folder, 'lost+found'));
  await mkdir(join(folder, 'empty'));
  const { files, unfit } = await walkFolder(folder);
  expect(unfit).toEqual([]);
  expect(files.map(({ path, size }) => [path, size])).toEqual([
    ['.gitattributes', 4],
    ['a.json', 0],
    ['b/c/model.safetensors', 4],
    ['b/lost+found/x', 4],
  ]);
});

describe('links', () => {
  test('one to a file inside of the folder is that file', async () => {
    const folder = await makeFolder();
    await layFiles(folder, { 'weights/one': text });
    await symlink('weights/one', join(folder, 'two'));
    expect((await walkFolder(folder)).files.map(({ path, size }) => [path, size])).toEqual([
      ['two', 4],
      ['weights/one', 4],
    ]);
  });

  test('a folder that becomes one during the walk leads nowhere either', async () => {
    const root = await makeFolder();
    const secret = await makeFolder();
    await layFiles(secret, { key: Buffer.from('secret') });
    const many = Array.from({ length: 2000 }, (_, i) => [`aa/${i}.txt`, Buffer.from('x')] as const);
    await layFiles(root, { ...Object.fromEntries(many), 'zz/key': Buffer.from('x') });
    const walking = walkFolder(root);
    await new Promise((resolve) => setTimeout(resolve, 10));
    renameSync(join(root, 'zz'), join(secret, 'moved'));
    symlinkSync(secret, join(root, 'zz'));
    const { files, unfit } = await walking;
    expect(files.filter(({ path }) => path.startsWith('zz'))).toEqual([]);
    expect(unfit).toContainEqual(outside('zz/key', `${secret}/key`));
    expect(unfit.filter(({ problem }) => !problem.endsWith('outside of the folder'))).toEqual([]);
  });

  test("those of the Hub's cache lead to its blobs, and no further", async () => {
    const cache = join(await makeFolder(), 'models--acme--tiny');
    const snapshot = await layCache(cache, { 'a/model.safetensors': text }, commit);
    expect(blobsOf(snapshot)).toBe(join(cache, 'blobs'));
    const found = { path: 'a/model.safetensors', blob: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(await walkFolder(snapshot, blobsOf(snapshot))).toMatchObject({ files: [found], unfit: [] });
    expect(await walkFolder(snapshot)).toEqual({
      files: [],
      unfit: [outside('a/model.safetensors', '.*/blobs/.*')],
    });
    await layFiles(cache, { 'refs/main': text });
    await symlink('../../refs/main', join(snapshot, 'main'));
    expect(await walkFolder(snapshot, blobsOf(snapshot))).toMatchObject({
      files: [found],
      unfit: [outside('main', '.*refs/main')],
    });
  });

  test.each(['/data/model', `/data/${commit}`, '/data/snapshots/main'])('%s is no snapshot', (path) => {
    expect(blobsOf(path)).toBeUndefined();
  });
});

describe('what is gone by the time that it is looked at is told as a change', () => {
  /** Lists a folder, and then lets this happen before anybody looks at what is listed. */
  const afterListing = (happens: () => void) => async (path: string) => {
    const entries = await readdir(path, { withFileTypes: true });
    happens();
    return entries;
  };

  test.each([
    ['a file', 'config.json', 'config.json'],
    ['a folder', 'sub', 'sub/'],
    ['the folder of the model', '', 'none'],
  ])('%s', async (_title, gone, told) => {
    const folder = await makeFolder();
    await layFiles(folder, { 'config.json': text, 'sub/x': text });
    const list = afterListing(() => rmSync(join(folder, gone), { recursive: true, force: true }));
    const walking = gone === '' ? walkFolder(join(folder, 'none')) : walkFolder(folder, undefined, list);
    expect(await failure(walking)).toMatchObject({
      failure: 'check',
      message: expect.stringMatching(new RegExp(`${told} has changed while it was read$`)),
      evidence: [expect.stringMatching(/^ENOENT: .*\(file:/)],
    });
  });

  test('a folder in whose place there is a file', async () => {
    const folder = await makeFolder();
    await layFiles(folder, { 'sub/x': text });
    const list = afterListing(() => {
      rmSync(join(folder, 'sub'), { recursive: true, force: true });
      writeFileSync(join(folder, 'sub'), 'x');
    });
    expect(await failure(walkFolder(folder, undefined, list))).toMatchObject({
      message: 'sub/ has changed while it was read',
    });
  });
});

test('a disk that does not read is no right that is missing', async () => {
  const list = () =>
    Promise.reject(Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'scandir' }));
  expect(await failure(walkFolder(await makeFolder(), undefined, list))).toMatchObject({
    failure: 'unavailable',
    message: expect.stringMatching(/^cannot read /),
  });
});

test('tells what is no file to stage, and why', async () => {
  const elsewhere = await makeFolder();
  await layFiles(elsewhere, { token: Buffer.from('secret') });
  const folder = await makeFolder();
  await layFiles(folder, { 'config.json': text, 'sub/x': text });
  await symlink(join(elsewhere, 'token'), join(folder, 'a-outside'));
  await symlink('nowhere', join(folder, 'b-dangling'));
  await symlink('c-loop', join(folder, 'c-loop'));
  await symlink('config.json/x', join(folder, 'c-below-a-file'));
  await symlink('sub', join(folder, 'd-folder'));
  await symlink(elsewhere, join(folder, 'e-folder-outside'));
  await promisify(execFile)('mkfifo', [join(folder, 'f-pipe')]);
  const server = createServer().listen(join(folder, 'g-socket'));
  onTestFinished(() => void server.close());
  await promisify(execFile)('sh', ['-c', `touch "$(printf 'h-\\377')"`], { cwd: folder });
  const { files, unfit } = await walkFolder(folder);
  expect(files.map(({ path }) => path)).toEqual(['config.json', 'sub/x']);
  expect(unfit).toEqual([
    outside('a-outside', '.*/token'),
    { path: 'b-dangling', problem: 'is a link to nothing' },
    { path: 'c-below-a-file', problem: 'is a link to nothing' },
    { path: 'c-loop', problem: 'is a link to nothing' },
    { path: 'd-folder', problem: 'is a link to a folder' },
    outside('e-folder-outside', '.*'),
    { path: 'f-pipe', problem: 'is a pipe' },
    { path: 'g-socket', problem: 'is a socket' },
    { path: 'h-\uFFFD', problem: 'has a name that is not UTF-8' },
  ]);
});
