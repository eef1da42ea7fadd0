import { appendFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { folderSource } from '../../../../steps/stage-model/source/folder-source.ts';
import { walkFolder } from '../../../../steps/stage-model/source/folder-walk.ts';
import { collect, failure, layFiles, makeFolder } from '../sources.ts';

const { signal } = new AbortController();
const bytes = Buffer.from(Array.from({ length: 1_300_000 }, (_, i) => (i * 31) % 251));

async function open(name = 'model.bin') {
  const folder = await makeFolder();
  await layFiles(folder, { [name]: bytes });
  const [found] = (await walkFolder(folder)).files;
  if (!found) throw new Error('no file');
  return {
    path: join(folder, name),
    source: folderSource(folder),
    file: { ...found, digest: { algorithm: 'sha256', hex: 'ab' } as const },
  };
}

test('gives exactly the bytes of any range', async () => {
  const { source, file } = await open();
  const place = fc.integer({ min: 0, max: bytes.length });
  await fc.assert(
    fc.asyncProperty(place, place, async (a, b) => {
      const [start, end] = a < b ? [a, b] : [b, a];
      const got = await collect(source.read(file, { start, end }, signal));
      expect(got).toBe(bytes.subarray(start, end).toString('latin1'));
    }),
    { numRuns: 30 },
  );
});

test.each([
  ['it grew', (path: string) => appendFile(path, 'x'), /found: .*; now: /],
  ['it was cut', (path: string) => truncate(path, 10), /found: .*; now: /],
  ['it was written to', (path: string) => utimes(path, 1, 1), /found: .*; now: /],
  [
    'another was put in its place',
    async (path: string) => {
      await writeFile(`${path}.new`, bytes);
      await rename(`${path}.new`, path);
    },
    /found: .*; now: /,
  ],
  ['it is gone', (path: string) => rm(path), /ENOENT/],
])('a file is not read when %s', async (_title, change, evidence) => {
  const { path, source, file } = await open();
  await change(path);
  const error = await failure(collect(source.read(file, { start: 0, end: 5 }, signal)));
  expect(error).toMatchObject({ failure: 'check', message: 'model.bin has changed while it was read' });
  expect(error).toHaveProperty('evidence.0', expect.stringMatching(evidence));
});

test('a file that is cut while it is read is not believed', async () => {
  const { path, source, file } = await open();
  const chunks = source.read(file, { start: 0, end: bytes.length }, signal)[Symbol.asyncIterator]();
  await chunks.next();
  await truncate(path, 600_000);
  const rest = (async () => {
    while (!(await chunks.next()).done);
  })();
  expect(await failure(rest)).toMatchObject({ message: 'model.bin has changed while it was read' });
});

test('stops when it is told to', async () => {
  const { source, file } = await open();
  const stop = new AbortController();
  stop.abort(new Error('stopped'));
  await expect(collect(source.read(file, { start: 0, end: 5 }, stop.signal))).rejects.toThrow('stopped');
});

test('the way to look for oneself is a command, whatever the name', async () => {
  const { source, file, path } = await open("it's.bin");
  expect(source.hashCommand(file)).toBe(`sha256sum '${path.replace("'", `'\\''`)}'`);
  const git = { ...file, path: 'config.json', digest: { algorithm: 'git-sha1', hex: 'ab' } as const };
  expect(source.hashCommand(git)).toMatch(/^git hash-object \/.*\/config\.json$/);
});
