import { expect, test } from 'vitest';
import { siblingsOf } from '../../../../steps/lib/hub/siblings.ts';

const sha = 'a'.repeat(40);
const blobId = 'b'.repeat(40);
const sha256 = 'c'.repeat(64);

test('files have the shape of entries of a tree', () => {
  const siblings = [
    { rfilename: 'config.json', size: 2, blobId },
    { rfilename: 'a/model.safetensors', size: 9, blobId, lfs: { sha256, size: 9, pointerSize: 130 } },
  ];
  expect(siblingsOf({ sha, siblings }, sha)).toEqual([
    { type: 'file', path: 'config.json', size: 2, oid: blobId },
    {
      type: 'file',
      path: 'a/model.safetensors',
      size: 9,
      oid: blobId,
      lfs: { oid: sha256, size: 9, pointerSize: 0 },
    },
  ]);
});

test('what is missing of a file becomes what no file has', () => {
  const siblings = [{ rfilename: 'a' }, { rfilename: 'b', lfs: {} }];
  expect(siblingsOf({ sha, siblings }, sha)).toEqual([
    { type: 'file', path: 'a', size: Number.NaN, oid: '' },
    {
      type: 'file',
      path: 'b',
      size: Number.NaN,
      oid: '',
      lfs: { oid: '', size: Number.NaN, pointerSize: 0 },
    },
  ]);
});

test.each([
  ['nothing', undefined, /sha: undefined/],
  ['another commit', { sha: blobId, siblings: [] }, /for revision a{40}/],
  ['no list', { sha, siblings: {} }, /no list of files/],
  ['a file without a name', { sha, siblings: [{ size: 1 }] }, /without a name/],
  ['what is no file', { sha, siblings: [null] }, /without a name/],
])('%s is no answer', (_title, revision, says) => {
  expect(() => siblingsOf(revision, sha)).toThrow(says);
});
