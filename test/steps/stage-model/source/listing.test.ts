import { expect, test } from 'vitest';
import type { Hub, HubFile } from '../../../../steps/lib/hub.ts';
import { readListing } from '../../../../steps/stage-model/source/listing.ts';
import { createMemoryHub } from '../memory-hub.ts';
import { commit, model } from '../staging.ts';

const list = (...files: HubFile[]) => {
  const hub: Hub = { ...createMemoryHub({ commit, files: {} }), listFiles: async () => files };
  return readListing(hub, model, commit);
};

test('by path, each with the hash that proves it and the scan where there is one', async () => {
  const files = await list(
    { path: 'b', size: 2, sha256: 'a'.repeat(64), gitSha1: 'b'.repeat(40), scan: 'safe' },
    { path: 'a', size: 0, gitSha1: 'c'.repeat(40) },
  );
  expect(files).toEqual([
    { path: 'a', size: 0, digest: { algorithm: 'git-sha1', hex: 'c'.repeat(40) } },
    { path: 'b', size: 2, digest: { algorithm: 'sha256', hex: 'a'.repeat(64) }, scan: 'safe' },
  ]);
});

test.each<[string, HubFile]>([
  ['no hash', { path: 'x', size: 1 }],
  ['a SHA-256 that is none', { path: 'x', size: 1, sha256: 'xyz' }],
  ['a git hash that is none', { path: 'x', size: 1, gitSha1: 'A'.repeat(40) }],
  ['a size below zero', { path: 'x', size: -1, gitSha1: 'c'.repeat(40) }],
  ['a size that is no whole number', { path: 'x', size: 1.5, gitSha1: 'c'.repeat(40) }],
])('%s: what cannot be proven is not staged', async (_title, file) => {
  await expect(list(file)).rejects.toMatchObject({
    failure: 'check',
    message: 'the Hub gives no hash or no size for x',
    hint: 'leave the file out: --ignore=x',
  });
});
