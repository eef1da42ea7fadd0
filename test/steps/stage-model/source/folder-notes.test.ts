import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderNotes, namesIn } from '../../../../steps/stage-model/source/folder-notes.ts';
import { layFiles, makeFolder } from '../sources.ts';

const notes = '.cache/huggingface/download';
const { signal } = new AbortController();

test.each([
  ['a note', 120, 120],
  ['the largest', 4096, 4096],
  ['what is larger than any', 4097, undefined],
])('%s of %i bytes is read as %j', async (_title, size, read) => {
  const folder = await makeFolder();
  await layFiles(folder, { [`${notes}/sub/x.metadata`]: Buffer.alloc(size) });
  const found = await folderNotes(folder);
  expect(found.paths).toContain('sub/x.metadata');
  expect((await found.read('sub/x.metadata', signal))?.length).toBe(read);
});

test('a pipe, a folder and nothing at all are no notes', async () => {
  const folder = await makeFolder();
  await mkdir(join(folder, notes, 'folder'), { recursive: true });
  execFileSync('mkfifo', [join(folder, notes, 'pipe')]);
  const { read } = await folderNotes(folder);
  expect((await read('pipe', signal))?.length).toBe(0);
  expect(await read('folder', signal)).toBeUndefined();
  expect(await read('none', signal)).toBeUndefined();
});

test('there are none where nothing was downloaded', async () => {
  const folder = await makeFolder();
  expect((await folderNotes(folder)).paths).toEqual([]);
  await layFiles(folder, { file: Buffer.from('x') });
  expect(await namesIn(folder, 'file')).toEqual([]);
});
