import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHasher, digestNamed, digestOf, isCommit, sha256 } from '../../../steps/lib/digest.ts';

test('known values: sha256sum and git hash-object say the same', () => {
  const bytes = Buffer.from('hello\n');
  expect(sha256(bytes)).toBe('5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03');
  expect(digestOf('sha256', bytes)).toBe(sha256(bytes));
  expect(digestOf('git-sha1', bytes)).toBe('ce013625030ba8dba906f756967f9e9ca394464a');
  expect(digestOf('git-sha1', Buffer.alloc(0))).toBe('e69de29bb2d1d6434b8b29ae775ad8c2e48c5391');
});

test('however the bytes are cut, the digest is that of the whole', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 20 }).map((piece) => Buffer.from(piece)));
  fc.assert(
    fc.property(pieces, fc.constantFrom('sha256' as const, 'git-sha1' as const), (pieces, algorithm) => {
      const whole = Buffer.concat(pieces);
      const hasher = createHasher(algorithm, whole.length);
      for (const piece of pieces) hasher.update(piece);
      expect(hasher.hex()).toBe(digestOf(algorithm, whole));
    }),
  );
});

test.each([
  ['a'.repeat(64), 'sha256'],
  ['a'.repeat(40), 'git-sha1'],
  ['A'.repeat(40), undefined],
  ['a'.repeat(41), undefined],
  ['', undefined],
])('%s is a hash of %s', (hash, algorithm) => {
  expect(digestNamed(hash)?.algorithm).toBe(algorithm);
  expect(isCommit(hash)).toBe(algorithm === 'git-sha1');
});
