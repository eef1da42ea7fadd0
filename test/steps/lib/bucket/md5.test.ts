import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { md5 } from '../../../../steps/lib/bucket/md5.ts';

test('is the MD5 of the bytes', () => {
  expect(md5(Buffer.from('abc'))?.toString('hex')).toBe('900150983cd24fb0d6963f7d28e17f72');
});

test('is undefined where OpenSSL refuses it, as in FIPS mode', () => {
  const refusing = (name: string) => {
    const message = `error:0308010C:digital envelope routines::unsupported (${name})`;
    throw Object.assign(new Error(message), { code: 'ERR_OSSL_EVP_UNSUPPORTED' });
  };
  expect(md5(Buffer.from('abc'), refusing)).toBeUndefined();
  expect(md5(Buffer.from('abc'), () => createHash('md5'))).toHaveLength(16);
});
