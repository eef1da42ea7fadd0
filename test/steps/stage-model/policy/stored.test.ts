import { expect, test } from 'vitest';
import { jsonLimit, startLength } from '../../../../steps/stage-model/policy/policy.ts';
import { judgeStored } from '../../../../steps/stage-model/policy/stored.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { prefix, safetensors } from '../staging.ts';

test('looks at the objects of what was seen in part, at no others and no further', async () => {
  const storage = createStorage();
  const read: string[] = [];
  const memory = createMemoryBucket({ storage });
  const bucket = {
    ...memory,
    read: (...[key, range, signal]: Parameters<typeof memory.read>) => {
      read.push(`${key.slice(prefix.length)} ${range?.start}-${range?.end}`);
      return memory.read(key, range, signal);
    },
  };
  const files = Object.entries({
    'config.json': Buffer.from('{"auto_map":{}}'),
    'notes.txt': Buffer.from([0x80, 4]),
    'tokenizer.json': Buffer.concat([Buffer.from([0x80, 4])], jsonLimit + 1),
    'vocab.json': Buffer.alloc(jsonLimit + 1, ' '),
    'model.safetensors': safetensors(100),
    'empty.safetensors': Buffer.alloc(0),
  }).map(([path, body]) => {
    storage.objects.set(prefix + path, { body, etag: 'e', metadata: {} });
    const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
    return { path, size: body.length, digest, version: 'of the source' };
  });
  const refusals = await judgeStored(files, { bucket, prefix, signal: new AbortController().signal });
  expect(refusals.map(({ path, why }) => `${path} ${why}`)).toEqual(['tokenizer.json is a pickle inside']);
  expect(new Set(read.map((line) => line.split(' ')[0]))).toEqual(
    new Set(['tokenizer.json', 'vocab.json', 'model.safetensors']),
  );
  expect(read).toContain(`vocab.json 0-${startLength}`);
  expect(read).toContain('model.safetensors 0-8');
});
