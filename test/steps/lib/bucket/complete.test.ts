import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { openBucket, uploadParts } from '../open-bucket.ts';

test('property: parts make the object in the order of their numbers, however they are given', async () => {
  const { bucket, server } = await openBucket({ smallestPart: 1 });
  const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }).map(Buffer.from), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(bodies, fc.nat(4), async (bodies, turn) => {
      const { parts, ...upload } = await uploadParts(bucket, 'a', bodies);
      const at = turn % parts.length;
      await bucket.completeUpload({ ...upload, parts: [...parts.slice(at), ...parts.slice(0, at)] });
      const whole = Buffer.concat(bodies);
      expect((await bucket.get('a'))?.equals(whole)).toBe(true);
      const completed = server.requests.findLast(({ operation }) => operation === 'CompleteMultipartUpload');
      expect(completed?.headers['x-amz-checksum-crc32']).toBe(crc32Base64(whole));
    }),
    { numRuns: 10 },
  );
});
