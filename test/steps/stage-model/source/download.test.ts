import { expect, test } from 'vitest';
import { vocabulary } from '../../../../steps/lib/vocabulary.ts';
import { notesFolder, readDownload } from '../../../../steps/stage-model/source/download.ts';
import { failure, hubHash, notesOf, type Tree } from '../sources.ts';
import { commit } from '../staging.ts';

const tree: Tree = { 'config.json': Buffer.from('{}'), 'sub/model.safetensors': Buffer.from('weights') };
const { signal } = new AbortController();

function read(files: Tree, notes: Tree) {
  const inNotes = new Map(
    Object.entries(notes).map(([path, bytes]) => [path.slice(notesFolder.length), bytes]),
  );
  return readDownload(
    Object.entries(files).map(([path, { length }]) => ({ path, size: length, version: path })),
    { paths: [...inNotes.keys()], read: async (path) => inNotes.get(path), where: 'file:///m' },
    signal,
  );
}

test('gives the commit that every note names, and the hash of each', async () => {
  expect(await read(tree, notesOf(tree, commit))).toEqual({
    commit,
    files: Object.entries(tree).map(([path, bytes]) => ({
      path,
      size: bytes.length,
      version: path,
      digest: {
        algorithm: path === 'config.json' ? 'git-sha1' : 'sha256',
        hex: hubHash(path, bytes),
      },
    })),
    leftOut: [],
  });
});

test('leaves out the vocabulary that people put beside it', async () => {
  const more = { ...tree, [vocabulary.file]: Buffer.from('words') };
  const known = await read(more, notesOf(tree, commit));
  expect(known).toMatchObject({ commit, leftOut: [vocabulary.file] });
  expect('files' in known && known.files).toHaveLength(2);
});

const notes = notesOf(tree, commit);
const noteOf = (path: string) => `${notesFolder}${path}.metadata`;
test.each<[string, Tree, Tree, string]>([
  ['there is no note', tree, {}, 'it names no commit'],
  ['a file was added', { ...tree, 'x.txt': Buffer.from('x') }, notes, 'x.txt is not of the download'],
  [
    'a file was taken away',
    { 'config.json': Buffer.from('{}') },
    notes,
    'sub/model.safetensors of the download is gone',
  ],
  [
    'files are of several commits',
    tree,
    { ...notes, ...notesOf({ 'config.json': Buffer.from('{}') }, 'a'.repeat(40)) },
    'its files are of 2 commits',
  ],
  [
    'a note is damaged',
    tree,
    { ...notes, [noteOf('config.json')]: Buffer.from('main\nx\n') },
    'the note of config.json cannot be read',
  ],
  [
    'a note is empty',
    tree,
    { ...notes, [noteOf('config.json')]: Buffer.alloc(0) },
    'the note of config.json cannot be read',
  ],
])('believes no commit when %s', async (_title, files, notes, why) => {
  expect(await read(files, notes)).toEqual({ why });
});

test('a download that is not finished is refused', async () => {
  const half = { ...notes, [`${notesFolder}sub/abc=.${'0'.repeat(64)}.incomplete`]: Buffer.from('we') };
  expect(await failure(read(tree, half))).toMatchObject({
    failure: 'check',
    message: 'the download is not finished',
    evidence: [expect.stringMatching(/incomplete is there \(file:\/\/\/m\)$/)],
  });
});
