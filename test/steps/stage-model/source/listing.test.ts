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
  const sha256 = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
  const git = { algorithm: 'git-sha1', hex: 'c'.repeat(40) } as const;
  const files = await list(
    { path: 'b', size: 2, digest: sha256, scan: 'safe' },
    { path: 'a', size: 0, digest: git },
  );
  expect(files).toEqual([
    { path: 'a', size: 0, digest: git },
    { path: 'b', size: 2, digest: sha256, scan: 'safe' },
  ]);
});
