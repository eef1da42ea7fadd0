import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dialects } from '../../../sandbox/bucket/dialects.ts';
import type { Fault, FaultAct } from '../../../sandbox/bucket/faults.ts';
import type { OperationName } from '../../../sandbox/bucket/operations.ts';
import { openBucket, uploadChecksum, uploadParts } from './open-bucket.ts';

const operations: OperationName[] = [
  'CreateMultipartUpload',
  'UploadPart',
  'ListParts',
  'CompleteMultipartUpload',
  'HeadObject',
  'CopyObject',
  'GetObject',
  'PutObject',
  'ListObjectsV2',
  'DeleteObject',
];

const hidden = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code><Message>later</Message></Error>';
const passing = fc.oneof<fc.Arbitrary<FaultAct>[]>(
  fc.record({
    kind: fc.constant('answer' as const),
    status: fc.constantFrom(408, 429, 500, 502, 503, 504),
    after: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('answer' as const),
    status: fc.constantFrom(502, 503),
    body: fc.constant('<html><h1>Application is not available</h1></html>'),
    after: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('reset' as const), after: fc.boolean() }),
  fc.record({ kind: fc.constant('cut' as const), bytes: fc.nat(40) }),
);
const hiddenError: fc.Arbitrary<Fault> = fc.record({
  on: fc.constantFrom<OperationName>('CompleteMultipartUpload', 'CopyObject'),
  nth: fc.integer({ min: 1, max: 3 }),
  act: fc.constant({ kind: 'answer', status: 200, body: hidden } as const),
});
const fault = fc.oneof(
  fc.record({ on: fc.constantFrom(...operations), nth: fc.integer({ min: 1, max: 4 }), act: passing }),
  hiddenError,
);

test('property: whatever passes is survived, in every dialect, and the bytes are the bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...(Object.keys(dialects) as (keyof typeof dialects)[])),
      fc.array(fault, { maxLength: 12 }),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 }),
      async (dialect, faults, bodies) => {
        const { bucket, server } = await openBucket({ dialect, faults, smallestPart: 1 });
        const parts = bodies.map((body) => Buffer.from(body));
        const whole = Buffer.concat(parts);
        const upload = await uploadParts(bucket, 'a', parts, uploadChecksum(dialect));
        const listed = await bucket.listParts('a', upload.uploadId);
        expect(listed.map(({ size }) => size)).toEqual(parts.map(({ length }) => length));
        await bucket.completeUpload({ ...upload, parts: listed });
        const head = await bucket.head('a');
        expect(head?.size).toBe(whole.length);
        if (head) await bucket.copy(head, 'b');
        expect((await bucket.get('b'))?.equals(whole)).toBe(true);
        await expect(bucket.put('marker', whole, { ifNoneMatch: '*' })).resolves.toBe(true);
        await expect(bucket.put('marker', Buffer.from('x'), { ifNoneMatch: '*' })).resolves.toBe(false);
        await bucket.delete('a');
        expect((await bucket.list('')).map(({ key }) => key)).toEqual(['b', 'marker']);
        expect(server.uploads('models').filter(({ parts }) => parts > 0)).toEqual([]);
      },
    ),
    { numRuns: 30 },
  );
});
