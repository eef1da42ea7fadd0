import { expect, test } from 'vitest';
import { hubSource } from '../../../../steps/stage-model/source/hub-source.ts';
import { readListing } from '../../../../steps/stage-model/source/listing.ts';
import { createMemoryHub } from '../memory-hub.ts';
import { commit, model } from '../staging.ts';

const files = {
  'config.json': Buffer.from('{}'),
  "it's(1).txt": Buffer.from('x'),
  'we ird/ü.safetensors': Buffer.from('0123456789'),
};

test('the way to look for oneself fits the kind of hash, and the path is an address', async () => {
  const hub = createMemoryHub({ commit, files });
  const source = hubSource(hub, model, commit);
  const commands = (await readListing(hub, model, commit)).map((file) => source.hashCommand(file));
  expect(commands).toEqual([
    `curl -sL https://hub.test/${model}/resolve/${commit}/config.json | git hash-object --stdin`,
    String.raw`curl -sL 'https://hub.test/${model}/resolve/${commit}/it'\''s(1).txt' | git hash-object --stdin`,
    `curl -sL https://hub.test/${model}/resolve/${commit}/we%20ird/%C3%BC.safetensors | sha256sum`,
  ]);
});
