import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { createInlineCarrier } from '../../../../steps/stage-model/thread/carrier.ts';
import { createDownloads } from '../../../../steps/stage-model/pace/downloads.ts';
import { cut, fetchRange } from '../../../../steps/stage-model/pace/fetch-range.ts';
import { createBufferPool } from '../../../../steps/stage-model/pace/pool.ts';
import { createMover } from '../mover.ts';
import { stillClock } from '../staging.ts';

test('pieces lie side by side, cover everything, and are no shorter than 1 MiB unless there is one', () => {
  fc.assert(
    fc.property(fc.nat(64 * 2 ** 20), fc.integer({ min: 1, max: 64 }), (length, count) => {
      const pieces = cut(length, count);
      expect(pieces.length).toBeLessThanOrEqual(Math.max(1, count));
      expect(pieces[0]?.start).toBe(0);
      expect(pieces.at(-1)?.end).toBe(length);
      for (const [i, { start, end }] of pieces.entries()) {
        expect(start).toBe(pieces[i - 1]?.end ?? 0);
        const last = i === pieces.length - 1;
        if (!last) expect(end - start).toBeGreaterThanOrEqual(2 ** 20);
      }
    }),
  );
});

const bytes = Buffer.alloc(4 * 2 ** 20, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));

async function open() {
  const mover = await createMover({ files: { 'a.safetensors': bytes }, hub: { chunk: 2 ** 18 } });
  const asked: number[] = [];
  const inline = createInlineCarrier(mover.transfer);
  const transfer = {
    ...mover.transfer,
    buffers: createBufferPool(1, 2 ** 22),
    downloads: createDownloads(3, stillClock),
    carrier: {
      ...inline,
      fetch: (...args: Parameters<typeof inline.fetch>) => {
        asked.push(args[0].start);
        return inline.fetch(...args);
      },
    },
  };
  return { transfer, asked, file: mover.file('a.safetensors') };
}

test('several connections fill one buffer when there are more of them than buffers', async () => {
  const { transfer, asked, file } = await open();
  const buffer = Buffer.alloc(2 ** 22);
  const given = await fetchRange(buffer, { file, start: 2 ** 20, end: bytes.length }, transfer);
  expect(given.bytes.equals(bytes.subarray(2 ** 20))).toBe(true);
  expect(given.crc32).toBe(crc32Base64(bytes.subarray(2 ** 20)));
  expect(asked).toEqual([1, 2, 3].map((n) => n * 2 ** 20));
  expect(transfer.progress.totals.moved).toBe(3 * 2 ** 20);
});

test('the first piece that fails ends the others, and is told when all have let go of the buffer', async () => {
  const { transfer, file } = await open();
  const ended: number[] = [];
  const carrier = {
    ...transfer.carrier,
    fetch: async ({ start }: { start: number }, signal: AbortSignal) => {
      if (start === 2 ** 20) throw new Error('the middle failed');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended.push(start);
      throw signal.reason;
    },
  };
  const fetching = fetchRange(
    Buffer.alloc(2 ** 22),
    { file, start: 0, end: 3 * 2 ** 20 },
    {
      ...transfer,
      carrier,
    },
  );
  await expect(fetching).rejects.toThrow('the middle failed');
  expect(ended).toEqual([0, 2 ** 21]);
});
