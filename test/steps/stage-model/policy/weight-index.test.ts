import { expect, test } from 'vitest';
import { judgeIndexes } from '../../../../steps/stage-model/policy/weight-index.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { createMemoryHub } from '../memory-hub.ts';
import { createMover } from '../mover.ts';
import { commit, stage } from '../staging.ts';

const index = (...names: unknown[]) =>
  Buffer.from(JSON.stringify({ weight_map: Object.fromEntries(names.map((name, i) => [`w${i}`, name])) }));
const shard = Buffer.from('shard');

test.each<[string, Record<string, Buffer>, string[]]>([
  ['all there', { 'model.safetensors.index.json': index('a.safetensors'), 'a.safetensors': shard }, []],
  [
    'some missing',
    { 'model.safetensors.index.json': index('a.safetensors', 'b.safetensors'), 'a.safetensors': shard },
    ['names weights that are not staged: b.safetensors'],
  ],
  [
    'many missing',
    { 'model.safetensors.index.json': index('1', '2', '3', '4', '4', '5') },
    ['names weights that are not staged: 1, 2, 3 and 2 more'],
  ],
  [
    'in a folder',
    { 'unet/model.safetensors.index.json': index('a.safetensors'), 'unet/a.safetensors': shard },
    [],
  ],
  ['another index', { 'pytorch_model.bin.index.json': index('a.bin') }, []],
  ['no JSON', { 'model.safetensors.index.json': Buffer.from('{') }, []],
  ['no map', { 'model.safetensors.index.json': Buffer.from('null') }, []],
  ['no names', { 'model.safetensors.index.json': index(7, null) }, []],
])('an index: %s', async (_title, files, expected) => {
  const { transfer, file } = await createMover({ files });
  const refusals = await judgeIndexes(Object.keys(files).map(file), transfer);
  expect(refusals.map(({ why }) => why)).toEqual(expected);
});

test('a model whose index names more than is staged is refused before a byte is stored', async () => {
  const storage = createStorage();
  const lines: string[] = [];
  const run = stage({
    hub: createMemoryHub({ commit, files: { 'model.safetensors.index.json': index('a.safetensors') } }),
    bucket: createMemoryBucket({ storage }),
    lines,
  });
  await expect(run).rejects.toMatchObject({
    failure: 'check',
    evidence: ['model.safetensors.index.json: names weights that are not staged: a.safetensors'],
  });
  expect(storage.objects.size).toBe(0);
  expect(lines.join('\n')).toContain('no weights are among the files to stage');
});
