import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type DialectName, dialects } from '../../../../sandbox/bucket/dialects.ts';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import type { Bucket } from '../../../../steps/lib/bucket.ts';
import { openBucket, uploadChecksum } from '../open-bucket.ts';

const key = fc
  .array(
    fc.constantFrom('a', 'b', 'ü', '模', '🙂', ' ', '+', '%', '%2F', '&', '<', '"', "'", '=', '~', '*', '-'),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((pieces) => pieces.join(''));

const listingByFolder = (Object.keys(dialects) as DialectName[]).filter(
  (dialect) => dialects[dialect].listsUploadsByFolder,
);

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
            const checksum = uploadChecksum(dialect);
            const uploadId = await bucket.createUpload('a', { checksum });
            for (const partNumber of numbers) {
              const body = Buffer.alloc(partNumber % 7);
              await bucket.uploadPart({ key: 'a', uploadId, partNumber, body, checksum });
            }
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

  test.each(listingByFolder)(
    'F38: pending uploads of %s come back all, several to a key',
    async (dialect) => {
      const { bucket } = await openBucket({ dialect, pageSize: 3 });
      const keys = ['a', 'b', 'b', 'b', 'c', 'd', 'd'];
      const ids = [];
      for (const name of keys)
        ids.push(await bucket.createUpload(name, { checksum: uploadChecksum(dialect) }));
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

  const listings = [
    ['ListBucketResult', (bucket: Bucket) => bucket.list('')],
    ['ListPartsResult', (bucket: Bucket) => bucket.listParts('a', 'b')],
    ['ListMultipartUploadsResult', (bucket: Bucket) => bucket.listUploads('')],
  ] as const;
  test.each(listings)('F38: a %s that never ends is an error, not a loop', async (root, list) => {
    const bucket = await answering(() => page(root, 't'));
    await expect(list(bucket)).rejects.toMatchObject({ failure: 'check', code: 'BrokenPaging' });
  });

  const entries = {
    ListBucketResult: '<Contents><Key>a</Key></Contents>',
    ListPartsResult: '<Part><PartNumber>1</PartNumber></Part>',
    ListMultipartUploadsResult: '<Upload><Key>a</Key><UploadId>u</UploadId></Upload>',
  };
  test.each(listings)(
    'F38: a %s that repeats its page under fresh markers is an error',
    async (root, list) => {
      const bucket = await answering((n) => (n < 9 ? page(root, String(n), entries[root]) : page(root)));
      await expect(list(bucket)).rejects.toMatchObject({
        failure: 'check',
        code: 'BrokenPaging',
        evidence: [expect.stringContaining('only what earlier pages named')],
      });
    },
  );

  test.each(listings)('F38: pages of a %s without entries are no repetition', async (root, list) => {
    const pages = [page(root, '1'), page(root, '2'), page(root, '3', entries[root]), page(root, '4')];
    const bucket = await answering((n) => pages[n] ?? page(root));
    expect(await list(bucket)).toHaveLength(1);
  });
});

/** A page of a listing, the last one unless it names a marker. */
function page(root: string, marker?: string, entries = ''): string {
  const next = ['ContinuationToken', 'PartNumberMarker', 'KeyMarker'].map(
    (name) => `<Next${name}>${marker}</Next${name}>`,
  );
  const more = marker === undefined ? '' : `<IsTruncated>true</IsTruncated>${next.join('')}`;
  return `<?xml version="1.0"?><${root}>${more}${entries}</${root}>`;
}

/** The bucket of a server that gives these answers, from the 0th. */
async function answering(answer: (n: number) => string): Promise<Bucket> {
  let n = 0;
  const server = createServer((_, res) => {
    res.setHeader('content-type', 'application/xml').end(answer(n));
    n += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { open } = await openBucket();
  return open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}
