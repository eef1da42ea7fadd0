import { describe, expect, test } from 'vitest';
import type { Bucket } from '../../../../steps/lib/bucket.ts';
import { BucketError } from '../../../../steps/lib/bucket/error.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { jsonLimit, startLength } from '../../../../steps/stage-model/policy/policy.ts';
import { judgeStored } from '../../../../steps/stage-model/policy/stored.ts';
import { createMemoryBucket, createStorage } from '../memory-bucket.ts';
import { prefix, safetensors } from '../staging.ts';

const { signal } = new AbortController();
const lines: string[] = [];
const log = createLog({ write: (line) => lines.push(line), env: {}, step: 'stage-model' });

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
  const refusals = await judgeStored(files, { bucket, prefix, signal, log });
  expect(refusals.map(({ path, why }) => `${path} ${why}`)).toEqual(['tokenizer.json is a pickle inside']);
  expect(new Set(read.map((line) => line.split(' ')[0]))).toEqual(
    new Set(['tokenizer.json', 'vocab.json', 'model.safetensors']),
  );
  expect(read).toContain(`vocab.json 0-${startLength}`);
  expect(read).toContain('model.safetensors 0-8');
});

describe('an object that another run replaces by the same bytes while it is read', () => {
  const path = 'model.safetensors';
  const body = safetensors(100);
  const digest = { algorithm: 'sha256', hex: 'a'.repeat(64) } as const;
  /** Gives one byte of each range and then the error, so many times. */
  const judge = (times: number, status: number) => {
    const storage = createStorage();
    storage.objects.set(prefix + path, { body, etag: 'e', metadata: {} });
    const memory = createMemoryBucket({ storage });
    let left = times;
    const read: Bucket['read'] = async function* (...asked) {
      if (left === 0) return yield* memory.read(...asked);
      left -= 1;
      yield Buffer.from('x');
      throw new BucketError('check', 'has changed', { evidence: [], hint: '', code: '', status });
    };
    return judgeStored([{ path, size: body.length, digest }], {
      bucket: { ...memory, read },
      prefix,
      signal,
      log,
    });
  };

  test('is read anew, from the first byte', async () => {
    lines.length = 0;
    expect(await judge(2, 412)).toEqual([]);
    expect(lines.filter((line) => line.includes('replaced meanwhile'))).toHaveLength(2);
  });

  test.each([
    [3, 412],
    [1, 416],
  ])('but not for ever, nor after another error (%i times %i)', async (times, status) => {
    await expect(judge(times, status)).rejects.toMatchObject({
      failure: 'check',
      message: `${path} has changed while it was read`,
    });
  });
});
