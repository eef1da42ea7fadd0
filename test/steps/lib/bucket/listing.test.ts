import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { dialects } from '../../../../sandbox/bucket/dialects.ts';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import type { Bucket } from '../../../../steps/lib/bucket.ts';
import { openBucket } from '../open-bucket.ts';

const key = fc
  .array(
    fc.constantFrom('a', 'b', 'ü', '模', '🙂', ' ', '+', '%', '%2F', '&', '<', '"', "'", '=', '~', '*', '-'),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((pieces) => pieces.join(''));

describe('listings', () => {
  test('property F38: whatever is stored is listed once, whatever the page size and the prefix', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        key,
        async (keys, pageSize, prefix) => {
          const { bucket, server } = await openBucket({ pageSize });
          for (const name of keys) await server.seed('models', name, name);
          const listed = await bucket.list(prefix);
          expect(listed.map((object) => object.key).sort()).toEqual(
            keys.filter((name) => name.startsWith(prefix)).sort(),
          );
          expect(await bucket.list('')).toHaveLength(keys.length);
        },
      ),
      { numRuns: 30 },
    );
  });

  test.each(Object.keys(dialects) as (keyof typeof dialects)[])(
    'property F38: parts of %s come back all, once, in order, with their sizes',
    async (dialect) => {
      const { bucket } = await openBucket({ dialect, pageSize: 3 });
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.integer({ min: 1, max: 10_000 }), { maxLength: 12 }),
          async (numbers) => {
            const uploadId = await bucket.createUpload('a');
            for (const partNumber of numbers)
              await bucket.uploadPart({ key: 'a', uploadId, partNumber, body: Buffer.alloc(partNumber % 7) });
            const parts = await bucket.listParts('a', uploadId);
            expect(parts.map(({ partNumber, size }) => [partNumber, size])).toEqual(
              numbers.toSorted((a, b) => a - b).map((partNumber) => [partNumber, partNumber % 7]),
            );
            await bucket.abortUpload('a', uploadId);
          },
        ),
        { numRuns: 10 },
      );
    },
  );

  test.each(Object.keys(dialects) as (keyof typeof dialects)[])(
    'F38: pending uploads of %s come back all, several to a key',
    async (dialect) => {
      const { bucket } = await openBucket({ dialect, pageSize: 3 });
      const keys = ['a', 'b', 'b', 'b', 'c', 'd', 'd'];
      const ids = [];
      for (const name of keys) ids.push(await bucket.createUpload(name));
      const listed = await bucket.listUploads('');
      expect(listed.map(({ uploadId }) => uploadId).sort()).toEqual(ids.sort());
      expect(listed.every(({ initiated }) => initiated instanceof Date)).toBe(true);
    },
  );

  test('F20: a page that fails is asked for again, and no page is lost', async () => {
    const faults: Fault[] = [{ on: 'ListObjectsV2', nth: 2, act: { kind: 'answer', status: 500 } }];
    const { bucket, server } = await openBucket({ faults, pageSize: 2 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) await server.seed('models', name, 'x');
    expect((await bucket.list('')).map((object) => object.key)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test.each([
    ['ListBucketResult', (bucket: Bucket) => bucket.list('')],
    ['ListPartsResult', (bucket: Bucket) => bucket.listParts('a', 'b')],
    ['ListMultipartUploadsResult', (bucket: Bucket) => bucket.listUploads('')],
  ])('F38: a %s that never ends is an error, not a loop', async (root, list) => {
    const page = `<?xml version="1.0"?><${root}><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken><NextPartNumberMarker>1</NextPartNumberMarker><NextKeyMarker>k</NextKeyMarker></${root}>`;
    const server = createServer((_, res) => res.setHeader('content-type', 'application/xml').end(page));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { open } = await openBucket();
    const bucket = open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await expect(list(bucket)).rejects.toMatchObject({ failure: 'check', code: 'BrokenPaging' });
  });
});
