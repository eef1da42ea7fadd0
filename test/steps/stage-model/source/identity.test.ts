import { isDeepStrictEqual } from 'node:util';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentIdentity, demandPin, demandPinnable } from '../../../../steps/stage-model/source/identity.ts';
import { hashOf, layFiles, makeFolder, type Tree } from '../sources.ts';
import { commit } from '../staging.ts';

const filesOf = (tree: Tree) =>
  Object.entries(tree).map(([path, bytes]) => ({
    path,
    size: bytes.length,
    digest: { algorithm: 'sha256', hex: hashOf('sha256', bytes) } as const,
  }));

test('is what coreutils make of the folder, as the docs say', async () => {
  const tree = {
    'a.json': Buffer.from('{}'),
    'a/b': Buffer.alloc(0),
    'Z.txt': Buffer.from('z'),
    'é.txt': Buffer.from('e'),
    '𝒳/x': Buffer.from('astral'),
    '\uff21': Buffer.from('wide'),
  };
  const folder = await makeFolder();
  await layFiles(folder, tree);
  const command = `find -L . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum | cut -c1-40`;
  const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: folder });
  expect(contentIdentity(filesOf(tree))).toBe(stdout.trim());
});

test('is the same in any order of the files, and another for any other byte, name or number of files', () => {
  const tree = fc.dictionary(
    fc.constantFrom('a', 'b', 'c/d', 'e'),
    fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
    { minKeys: 1 },
  );
  fc.assert(
    fc.property(tree, tree, (one, other) => {
      const same = isDeepStrictEqual(new Map(Object.entries(one)), new Map(Object.entries(other)));
      expect(contentIdentity(filesOf(one).reverse())).toBe(contentIdentity(filesOf(one)));
      expect(contentIdentity(filesOf(one)) === contentIdentity(filesOf(other))).toBe(same);
    }),
  );
});

describe('a revision', () => {
  test.each(['main', commit])('%s may be asked of a source without branches', (revision) => {
    expect(() => demandPinnable(revision, 'file:///m')).not.toThrow();
  });
  test.each(['v1', 'main2', commit.slice(1), `${commit}0`])('%s may not', (revision) => {
    expect(() => demandPinnable(revision, 'file:///m')).toThrow('file:///m has no branches');
  });
  test.each(['main', commit])('%s is what lies there', (revision) => {
    expect(() => demandPin(revision, commit, 'file:///m')).not.toThrow();
  });
  test('another is not', () => {
    expect(() => demandPin('a'.repeat(40), commit, 'file:///m')).toThrow(
      expect.objectContaining({ failure: 'usage', evidence: [`its identity is ${commit} (file:///m)`] }),
    );
  });
});
