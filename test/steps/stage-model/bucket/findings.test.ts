import { describe, expect, test } from 'vitest';
import { BucketError } from '../../../../steps/lib/bucket/error.ts';
import {
  type Findings,
  judgeServer,
  type Seen,
  signsParts,
} from '../../../../steps/stage-model/bucket/findings.ts';
import { best } from '../best-findings.ts';

const sent = { md5: 'd41d8cd98f00b204e9800998ecf8427e', crc32: 'AAAAAA==' };
const good: Seen = {
  replaced: false,
  metadataCameBack: true,
  copied: true,
  uploadListed: 'folder',
  partListed: true,
  part: { etag: sent.md5, checksum: sent.crc32 },
  sent,
};
const denied = new BucketError('refused', 'no', {
  evidence: ['AccessDenied'],
  hint: 'look',
  code: 'AccessDenied',
  status: 403,
});

describe('what was seen', () => {
  const cases: readonly [string, Partial<Seen>, Partial<Findings>][] = [
    ['all that S3 has', {}, {}],
    ['a second put that replaced the first', { replaced: true }, { conditionalPut: false }],
    ['a part with an MD5 and no checksum', { part: { etag: sent.md5 } }, { proof: 'md5' }],
    ['a part with a name without meaning', { part: { etag: 'mtime-1-ino-2' } }, { proof: 'nothing' }],
    [
      'a part with the digests of other bytes',
      { part: { etag: '0'.repeat(32), checksum: '/////w==' } },
      { proof: 'nothing' },
    ],
    ['an upload that is not listed', { uploadListed: 'never' }, { resume: false }],
    ['an upload that is listed by its key', { uploadListed: 'key' }, { resume: 'by-key' }],
    [
      'parts that are not listed',
      { partListed: false, part: { etag: sent.md5 } },
      { resume: false, proof: 'md5' },
    ],
    ['a copy that failed', { copied: false }, { copy: false }],
    ['metadata that did not come back', { metadataCameBack: false }, { metadata: false }],
  ];
  test.each(cases)('%s', (_title, seen, findings) => {
    expect(judgeServer({ ...good, ...seen })).toEqual({ ...best, ...findings });
  });

  test('of an ETag nobody knows what it is where there is no MD5; a CRC-32 is one there too', () => {
    const noMd5 = { crc32: sent.crc32 };
    expect(judgeServer({ ...good, sent: noMd5 }).proof).toBe('crc32');
    expect(judgeServer({ ...good, part: { etag: sent.md5 }, sent: noMd5 }).proof).toBe('unknown');
  });

  test('what could not be tried is unknown, and the right that was missing is named', () => {
    expect(judgeServer({ removal: denied, abortion: denied, sent })).toEqual({
      conditionalPut: 'unknown',
      checksum: 'whole',
      proof: 'unknown',
      resume: 'unknown',
      copy: 'unknown',
      metadata: 'unknown',
      missing: [
        { right: 's3:DeleteObject', costs: expect.any(String), error: denied },
        { right: 's3:AbortMultipartUpload', costs: expect.any(String), error: denied },
      ],
    });
  });
});

test.each([
  ['auto', 'crc32', false],
  ['auto', 'md5', true],
  ['auto', 'nothing', true],
  ['auto', 'unknown', true],
  ['always', 'crc32', true],
] as const)('asked %s, with %s from the server: parts are signed: %s', (asked, proof, signed) => {
  expect(signsParts(asked, { ...best, proof })).toBe(signed);
});

test('a part without a CRC-32 is signed, whatever the server lists', () => {
  expect(signsParts('auto', { ...best, checksum: 'none' })).toBe(true);
});
