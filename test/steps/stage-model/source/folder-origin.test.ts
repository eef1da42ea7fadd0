import { execFileSync } from 'node:child_process';
import { appendFile, chmod, chown, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLog } from '../../../../steps/lib/log.ts';
import { vocabulary } from '../../../../steps/lib/vocabulary.ts';
import { rulesWith } from '../../../../steps/stage-model/policy/default-rules.ts';
import { folderOrigin } from '../../../../steps/stage-model/source/folder-origin.ts';
import { contentIdentity } from '../../../../steps/stage-model/source/identity.ts';
import { failure, hashOf, layCache, layDownload, layFiles, makeFolder, type Tree } from '../sources.ts';
import { commit, stillClock } from '../staging.ts';

const tree: Tree = {
  'README.md': Buffer.from('---\nlicense: mit\n---\n'),
  'config.json': Buffer.from('{}'),
  'sub/model.safetensors': Buffer.from('weights'),
};

function open(path: string, revision = 'main', ignore: readonly string[] = []) {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'stage-model' });
  const rules = rulesWith(ignore);
  const origin = folderOrigin({ path, rules, revision, log, clock: stillClock });
  return { opened: origin.open(new AbortController().signal), lines };
}

describe('the commit', () => {
  test('is the one that hf download noted', async () => {
    const folder = await makeFolder();
    await layDownload(folder, { ...tree, 'note.txt': Buffer.from('x') }, commit);
    await layFiles(folder, { [vocabulary.file]: Buffer.from('words') });
    const { opened, lines } = open(folder);
    const { files, ...snapshot } = await opened;
    expect(snapshot).toMatchObject({ commit, license: 'mit' });
    expect(files.map(({ path }) => path)).not.toContain(vocabulary.file);
    expect(lines.join('')).toMatch(/^left out: .* path=o200k_base\.tiktoken$/m);
    expect(lines.join('')).not.toContain('hashing');
  });

  test("is the one that a snapshot in the Hub's cache is named after", async () => {
    const snapshot = await layCache(await makeFolder(), tree, commit);
    expect((await open(snapshot).opened).commit).toBe(commit);
  });

  test('is not the one of a note that is larger than any, or that waits for a writer', async () => {
    const folder = await makeFolder();
    await layDownload(folder, tree, commit);
    const note = join(folder, '.cache/huggingface/download/config.json.metadata');
    await appendFile(note, '\n'.repeat(5000));
    const { opened, lines } = open(folder);
    expect((await opened).commit).toBe(contentIdentity((await opened).files));
    expect(lines.join('')).toContain('because="the note of config.json cannot be read"');
    await rm(note);
    execFileSync('mkfifo', [note]);
    expect((await open(folder).opened).commit).toBe((await opened).commit);
  });

  test('is none while the cache holds an unfinished blob: the snapshot may lack what that will be', async () => {
    const cache = await makeFolder();
    const snapshot = await layCache(cache, tree, commit);
    await layFiles(cache, { [`blobs/${'e'.repeat(64)}.incomplete`]: Buffer.from('x') });
    await expect(open(snapshot).opened).rejects.toMatchObject({
      failure: 'check',
      message: 'the download is not finished',
    });
  });

  test('is made of all the files when a snapshot holds one that is no link', async () => {
    const snapshot = await layCache(await makeFolder(), tree, commit);
    await layFiles(snapshot, { 'added.txt': Buffer.from('x') });
    const { opened, lines } = open(snapshot);
    const { commit: identity, files } = await opened;
    expect(identity).toBe(contentIdentity(files));
    expect(lines.join('')).toMatch(
      /^hashing every file of the source once.*because="added\.txt is no link to a blob of the cache" files=4/m,
    );
  });

  test('is made of all the files otherwise, each with its SHA-256, and may be demanded', async () => {
    const folder = await makeFolder();
    await layFiles(folder, tree);
    const { commit: identity, files, source } = await open(folder).opened;
    expect(identity).toBe(contentIdentity(files));
    expect(files.map(({ path, digest }) => [path, digest.hex])).toEqual(
      Object.entries(tree).map(([path, bytes]) => [path, hashOf('sha256', bytes)]),
    );
    expect(source.description).toEqual({ kind: 'folder', path: folder });
    expect((await open(folder, identity).opened).commit).toBe(identity);
  });
});

describe('what is no file to stage', () => {
  test('is refused unless it is left out; then it is told, and counts for nothing', async () => {
    const folder = await makeFolder();
    await layFiles(folder, tree);
    const { commit: identity } = await open(folder).opened;
    await symlink('/etc/hostname', join(folder, 'sub/host'));
    expect(await failure(open(folder).opened)).toMatchObject({
      failure: 'check',
      evidence: [expect.stringMatching(/^"sub\/host" is a link to ".*", outside of the folder/)],
      hint: expect.stringContaining('--ignore=sub/host;'),
    });
    const { opened, lines } = open(folder, 'main', ['sub/host']);
    const { commit, files } = await opened;
    expect(commit).toBe(identity);
    expect(files.map(({ path }) => path)).toEqual(Object.keys(tree));
    expect(lines.join('')).toMatch(
      /^left out {2}path=sub\/host because="is a link to .*outside of the folder/m,
    );
  });

  test('does not take its commit from a download', async () => {
    const folder = await makeFolder();
    await layDownload(folder, { ...tree, 'original/model.bin': Buffer.from('x') }, commit);
    await rm(join(folder, 'original/model.bin'));
    await symlink('/etc/hostname', join(folder, 'original/model.bin'));
    expect((await open(folder).opened).commit).toBe(commit);
  });
});

describe('a folder that is refused', () => {
  test.skipIf(process.getuid?.() !== 0).each([
    ['the notes of the download', '.cache/huggingface', '.cache/huggingface/download/'],
    [
      'a note of the download',
      '.cache/huggingface/download/config.json.metadata',
      '.cache/huggingface/download/config.json.metadata',
    ],
  ])('holds %s for another account only: it would be named by something else', async (_, closed, what) => {
    const folder = await makeFolder();
    await layDownload(folder, tree, commit);
    await chmod(folder, 0o755);
    await chmod(join(folder, closed), 0o700);
    await chown(join(folder, closed), 65_534, 65_534);
    const program = `
      const { folderOrigin } = await import(${JSON.stringify(new URL('../../../../steps/stage-model/source/folder-origin.ts', import.meta.url).href)});
      process.setgid(65533);
      process.setuid(65533);
      const origin = folderOrigin({ path: ${JSON.stringify(folder)}, rules: [], revision: 'main', log: { info: () => {} }, clock: { sleep: () => new Promise(() => {}) } });
      const error = await origin.open(new AbortController().signal).catch((error) => error);
      console.log(JSON.stringify({ ...error, message: error.message }));`;
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });
    expect(JSON.parse(said)).toMatchObject({
      failure: 'refused',
      message: `${what} may not be read`,
      evidence: [expect.stringMatching(/^EACCES: .*\(file:/)],
      hint: expect.stringContaining('chmod -R g+rX'),
    });
  });

  test.each([
    ['is not there', (folder: string) => join(folder, 'none'), 'refused', /^there is no folder \//],
    ['is a file', (folder: string) => join(folder, 'config.json'), 'refused', /is no folder$/],
    ['is below a file', (folder: string) => join(folder, 'config.json/x'), 'refused', /^there is no folder/],
    ['holds what the pod keeps', () => '/proc/self', 'refused', /is no place for a model$/],
    [
      'is a link to such a one',
      (folder: string) => join(folder, 'link'),
      'refused',
      /is no place for a model$/,
    ],
  ])('%s', async (_title, at, failureKind, message) => {
    const folder = await makeFolder();
    await layFiles(folder, { 'config.json': Buffer.from('{}') });
    await symlink('/etc', join(folder, 'link'));
    expect(await failure(open(at(folder)).opened)).toMatchObject({
      failure: failureKind,
      message: expect.stringMatching(message),
      evidence: [expect.stringContaining('file://')],
      hint: expect.stringContaining('workspace'),
    });
  });

  test('is empty', async () => {
    expect(await failure(open(await makeFolder()).opened)).toMatchObject({
      failure: 'check',
      message: 'the folder of the model is empty',
    });
  });

  test.each([
    ['v1', 'has no branches and tags'],
    ['a'.repeat(40), 'what lies at the source is not aaaa'],
  ])('does not hold the revision %s', async (revision, message) => {
    const folder = await makeFolder();
    await layFiles(folder, tree);
    expect(await failure(open(folder, revision).opened)).toMatchObject({
      failure: 'usage',
      message: expect.stringContaining(message),
    });
  });
});
