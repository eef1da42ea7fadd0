import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openBucket, uploadParts } from '../open-bucket.ts';

const body = Buffer.from('the bytes of a part');

test('a part is signed as its server reads it, whatever the key', async () => {
  const { bucket, server } = await openBucket();
  const characters = fc.constantFrom(...Array.from('aZ0.-_~ +!()*&=%?#:,;@$\'"ü模'));
  const name = fc.string({ unit: characters, minLength: 1, maxLength: 8 }).map((text) => `${text}x`);
  const keys = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
  await fc.assert(
    fc.asyncProperty(keys, async (key) => {
      await bucket.completeUpload(await uploadParts(bucket, key, [body]));
      expect(server.keys('models')).toContain(key);
    }),
    { numRuns: 30 },
  );
  expect(server.refusals).toEqual([]);
});

test('F32: a clock that is found to be off among the parts is set right from the answer', async () => {
  let ahead = 0;
  const { bucket, server } = await openBucket({ now: () => new Date(Date.now() + ahead) });
  const uploadId = await bucket.createUpload('a');
  ahead = 3_600_000;
  const part = { key: 'a', uploadId, body };
  await bucket.uploadPart({ ...part, partNumber: 1 });
  await bucket.uploadPart({ ...part, partNumber: 2 });
  await bucket.put('b', body);
  const codes = server.requests.map(({ operation, code }) => [operation, code]);
  expect(codes).toEqual([
    ['CreateMultipartUpload', undefined],
    ['UploadPart', 'RequestTimeTooSkewed'],
    ['UploadPart', undefined],
    ['UploadPart', undefined],
    ['PutObject', undefined],
  ]);
});
