import { expect, test } from 'vitest';
import { hubOrigin } from '../../../../steps/stage-model/source/hub-origin.ts';
import { createMemoryHub } from '../memory-hub.ts';
import { commit, model } from '../staging.ts';

const files = { 'config.json': Buffer.from('{}'), 'we ird/ü.safetensors': Buffer.from('0123456789') };
const { signal } = new AbortController();

test('opens the commit that a branch means, and gives the bytes of its files', async () => {
  const hub = createMemoryHub({ commit, files, license: 'mit', chunk: 4 });
  const { source, ...snapshot } = await hubOrigin(hub, model, 'main').open(signal);
  expect(snapshot).toMatchObject({ commit, license: 'mit' });
  const weights = snapshot.files.find(({ size }) => size === 10);
  const chunks: Buffer[] = [];
  if (weights)
    for await (const chunk of source.read(weights, { start: 2, end: 8 }, signal)) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe('234567');
  expect(source.where).toBe(`https://hub.test, ${model}@${commit}`);
});
