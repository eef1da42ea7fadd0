import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineCrc32, crc32Base64, createCrc32 } from '../../../../steps/lib/bucket/crc32.ts';

test('a CRC-32 is written as S3 writes it', () => {
  expect(crc32Base64(Buffer.from('123456789'))).toBe(Buffer.from('cbf43926', 'hex').toString('base64'));
  expect(crc32Base64(Buffer.alloc(0))).toBe('AAAAAA==');
});

test('property: the CRC-32 of the parts makes that of the whole, and so do the bytes one after the other', () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 300 }).map(Buffer.from), { maxLength: 8 });
  fc.assert(
    fc.property(bodies, (bodies) => {
      const parts = bodies.map((body) => ({ checksum: crc32Base64(body), size: body.length }));
      expect(combineCrc32(parts)).toBe(crc32Base64(Buffer.concat(bodies)));
      const running = createCrc32();
      for (const body of bodies) running.update(body);
      expect(running.base64()).toBe(crc32Base64(Buffer.concat(bodies)));
    }),
  );
});

test('lengths beyond 32 bits count in full', () => {
  const zeros = Buffer.alloc(64 * 1024 ** 2);
  const checksum = crc32Base64(zeros);
  const parts = Array.from({ length: 80 }, () => ({ checksum, size: zeros.length }));
  let crc = 0;
  for (const _ of parts) crc = crc32(zeros, crc);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  expect(combineCrc32(parts)).toBe(bytes.toString('base64'));
  const oneLarge = { checksum: combineCrc32(parts) ?? '', size: 80 * zeros.length };
  const tail = Buffer.from('tail');
  const small = { checksum: crc32Base64(tail), size: tail.length };
  expect(combineCrc32([small, oneLarge, small])).toBe(combineCrc32([small, ...parts, small]));
});

test('a part without a CRC-32 leaves the whole without', () => {
  expect(combineCrc32([{ checksum: 'AAAAAA==', size: 0 }, { size: 5 }])).toBeUndefined();
});
