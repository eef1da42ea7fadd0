import { describe, expect, test } from 'vitest';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { fill } from '../../../../steps/stage-model/pace/fill.ts';
import type { Source } from '../../../../steps/stage-model/source/origin.ts';
import { createMover } from '../mover.ts';

const files = { 'a.txt': Buffer.from('0123456789'), 'empty.txt': Buffer.alloc(0) };

async function open(read?: Source['read']) {
  const { transfer, file } = await createMover({ files, hub: { chunk: 3 } });
  const came: number[] = [];
  const source = read ? { ...transfer.source, read } : transfer.source;
  return { file, came, means: { source, signal: transfer.signal, came: (n: number) => void came.push(n) } };
}

test('fills the buffer with the bytes from there on, counts them and gives their checksum', async () => {
  const { file, came, means } = await open();
  const into = Buffer.alloc(7);
  const crc32 = await fill({ file: file('a.txt'), start: 2, into }, means);
  expect(crc32).toBe(crc32Base64(Buffer.from('2345678')));
  expect(into.toString()).toBe('2345678');
  expect(came).toEqual([3, 3, 1]);
});

test('nothing to fill asks nobody', async () => {
  const { file, means } = await open(() => {
    throw new Error('asked');
  });
  const filling = fill({ file: file('empty.txt'), start: 0, into: Buffer.alloc(0) }, means);
  await expect(filling).resolves.toBe(crc32Base64(Buffer.alloc(0)));
});

describe('a source that gives another number of bytes', () => {
  test.each([
    ['too few', ['01', '23'], '4 of 7 bytes'],
    ['none', [], '0 of 7 bytes'],
    ['too many', ['01234', '56789'], 'more than 7 bytes'],
  ])('%s', async (_title, chunks, seen) => {
    const { file, means } = await open(async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
    });
    const filling = fill({ file: file('a.txt'), start: 2, into: Buffer.alloc(7) }, means);
    await expect(filling).rejects.toMatchObject({
      failure: 'unavailable',
      message: `the source gave ${seen} of a.txt`,
    });
  });
});
