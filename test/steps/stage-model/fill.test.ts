import { describe, expect, test } from 'vitest';
import { fill } from '../../../steps/stage-model/fill.ts';
import type { Source } from '../../../steps/stage-model/origin.ts';
import { createMover } from './mover.ts';

const files = { 'a.txt': Buffer.from('0123456789'), 'empty.txt': Buffer.alloc(0) };

test('fills the beginning of the buffer with the range, and counts', async () => {
  const { transfer, file } = await createMover({ files, hub: { chunk: 3 } });
  const buffer = Buffer.alloc(20, '.');
  const bytes = await fill(buffer, { file: file('a.txt'), start: 2, end: 9 }, transfer);
  expect(bytes.toString()).toBe('2345678');
  expect(buffer.toString()).toBe('2345678.............');
  expect(transfer.progress.totals.moved).toBe(7);
});

test('an empty range asks nobody', async () => {
  const { transfer, file } = await createMover({ files });
  const silent: Source = {
    ...transfer.source,
    read: () => {
      throw new Error('asked');
    },
  };
  expect(
    await fill(
      Buffer.alloc(1),
      { file: file('empty.txt'), start: 0, end: 0 },
      { ...transfer, source: silent },
    ),
  ).toHaveLength(0);
});

describe('a Hub that gives another number of bytes', () => {
  test.each([
    ['too few', ['01', '23'], '4 of 7 bytes'],
    ['none', [], '0 of 7 bytes'],
    ['too many', ['01234', '56789'], 'more than 7 bytes'],
  ])('%s', async (_title, chunks, seen) => {
    const { transfer, file } = await createMover({ files });
    const source: Source = {
      ...transfer.source,
      read: async function* () {
        for (const chunk of chunks) yield Buffer.from(chunk);
      },
    };
    await expect(
      fill(Buffer.alloc(20), { file: file('a.txt'), start: 2, end: 9 }, { ...transfer, source }),
    ).rejects.toMatchObject({
      failure: 'unavailable',
      message: `the source gave ${seen} of a.txt`,
    });
  });
});
