import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../../steps/lib/digest.ts';
import { hashInOrder } from '../../../steps/stage-model/hash-in-order.ts';

test('property: however a file is cut, the hash is that of its bytes', async () => {
  const cuts = fc.array(fc.nat(300_000), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('sha256' as const, 'git-sha1' as const),
      cuts,
      async (algorithm, cuts) => {
        const bytes = Buffer.alloc(300_000, 'some bytes, again and again');
        const hash = hashInOrder({ digest: { algorithm, hex: '' }, size: bytes.length });
        const ends = [...cuts.toSorted((a, b) => a - b), bytes.length];
        for (const [i, end] of ends.entries()) await hash.update(bytes.subarray(ends[i - 1] ?? 0, end));
        expect(hash.hex()).toBe(digestOf(algorithm, bytes));
      },
    ),
    { numRuns: 50 },
  );
});

test('two files side by side do not mix', async () => {
  const [a, b] = [Buffer.alloc(5_000_000, 'a'), Buffer.alloc(5_000_000, 'b')];
  const hashes = [a, b].map(({ length }) =>
    hashInOrder({ digest: { algorithm: 'sha256', hex: '' }, size: length }),
  );
  await Promise.all([hashes[0]?.update(a), hashes[1]?.update(b)]);
  expect(hashes.map((hash) => hash.hex())).toEqual([a, b].map((bytes) => digestOf('sha256', bytes)));
});

test('a long part lets other things happen meanwhile', async () => {
  const bytes = Buffer.alloc(16 * 2 ** 20);
  const hash = hashInOrder({ digest: { algorithm: 'sha256', hex: '' }, size: bytes.length });
  let turns = 0;
  let ended = false;
  const count = () => {
    turns += 1;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  await hash.update(bytes);
  ended = true;
  expect(turns).toBeGreaterThanOrEqual(7);
});
