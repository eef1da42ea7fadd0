import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { BucketError, isUploadGone } from '../../../../steps/lib/bucket/error.ts';
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

const body = Buffer.from('the bytes of a part');

describe('completing', () => {
  const completing = (act: Fault['act'], times = 1): Fault => ({
    on: 'CompleteMultipartUpload',
    times,
    act,
  });
  const hiddenError =
    '\n\n<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>';

  test('F27: an error hidden in a 200 is tried again', async () => {
    const act = { kind: 'answer', status: 200, body: hiddenError } as const;
    const { bucket, seen } = await openBucket({ faults: [completing(act, 3)] });
    await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
    expect(seen().filter((operation) => operation === 'CompleteMultipartUpload')).toHaveLength(4);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
  });

  test('F27: an error hidden in every 200 is a failure, and nothing is there', async () => {
    const act = { kind: 'answer', status: 200, body: hiddenError } as const;
    const { bucket } = await openBucket({ faults: [completing(act, Infinity)] });
    const upload = await uploadParts(bucket, 'a', [body]);
    await expect(bucket.completeUpload(upload)).rejects.toMatchObject({
      failure: 'unavailable',
      code: 'InternalError',
    });
    expect(await bucket.head('a')).toBeUndefined();
  });

  test('F27: a 200 with nothing in it is no success', async () => {
    const { bucket, seen } = await openBucket({
      faults: [completing({ kind: 'answer', status: 200, body: '   \n  ' })],
    });
    await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
    expect(seen().filter((operation) => operation === 'CompleteMultipartUpload')).toHaveLength(2);
  });

  const lost: Fault['act'][] = [
    { kind: 'reset', after: true },
    { kind: 'silence', after: true },
    { kind: 'answer', status: 504, body: '<html><h1>Gateway Time-out</h1></html>', after: true },
    { kind: 'answer', status: 500, code: 'InternalError', after: true },
  ];
  describe.each(['aws', 'noobaa', 'rgw', 'versitygw'] as const)('of %s', (dialect) => {
    test.each(lost)('F28: done, though the answer was lost: %j', async (act) => {
      const { bucket } = await openBucket({
        dialect,
        faults: [completing(act)],
        timings: { serverWorkMs: 150 },
      });
      await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
      expect((await bucket.get('a'))?.equals(body)).toBe(true);
    });

    test('F28: an upload that somebody aborted is not complete', async () => {
      const { bucket } = await openBucket({ dialect });
      const upload = await uploadParts(bucket, 'a', [body]);
      await bucket.abortUpload('a', upload.uploadId);
      await expect(bucket.completeUpload(upload)).rejects.toSatisfy(isUploadGone);
    });
  });

  test('F28: an older object of the same size does not pass for the completed one', async () => {
    const { bucket, server } = await openBucket();
    await server.seed('models', 'a', Buffer.alloc(body.length, 'x'));
    const older = await uploadParts(bucket, 'a', [Buffer.alloc(body.length, 'y')]);
    await bucket.completeUpload(older);
    const upload = await uploadParts(bucket, 'a', [body]);
    await bucket.abortUpload('a', upload.uploadId);
    await expect(bucket.completeUpload(upload)).rejects.toSatisfy(isUploadGone);
  });

  describe('F28: an older object of the same size, where the ETags say nothing of the bytes,', () => {
    const older = Buffer.alloc(body.length, 'x');
    const refusals: [string, Fault['act']][] = [
      ['NoSuchUpload', { kind: 'answer', status: 404, code: 'NoSuchUpload' }],
      ['504', { kind: 'answer', status: 504, code: 'GatewayTimeout' }],
      ['a reset', { kind: 'reset' }],
    ];
    test.each(refusals)('does not pass for the completed one: %s', async (_, act) => {
      const { bucket, server } = await openBucket({ dialect: 'noobaa', faults: [completing(act, Infinity)] });
      await server.seed('models', 'a', older);
      const upload = await uploadParts(bucket, 'a', [body]);
      await expect(bucket.completeUpload({ ...upload, lookBefore: true })).rejects.toThrow(BucketError);
      expect((await bucket.get('a'))?.equals(older)).toBe(true);
    });

    test.each(['noobaa', 'aws'] as const)('is told from the completed one: %s', async (dialect) => {
      const faults = [
        completing({ kind: 'answer', status: 504, after: true }),
        completing({ kind: 'reset' }, Infinity),
      ];
      const { bucket, server, lines } = await openBucket({ dialect, faults });
      await server.seed('models', 'a', older);
      await bucket.completeUpload({ ...(await uploadParts(bucket, 'a', [body])), lookBefore: true });
      expect((await bucket.get('a'))?.equals(body)).toBe(true);
      expect(lines.join('')).toContain('completed, though the answer was lost');
    });

    test.each([
      ['aws', 1],
      ['rgw', 1],
      ['noobaa', 2],
    ] as const)('costs %s %i looks in all', async (dialect, looks) => {
      const { bucket, seen } = await openBucket({ dialect });
      await bucket.completeUpload({ ...(await uploadParts(bucket, 'a', [body])), lookBefore: true });
      expect(seen().filter((operation) => operation === 'HeadObject')).toHaveLength(looks);
    });
  });

  test('F28: an older object that was put whole does not pass for one of parts', async () => {
    const { bucket, server } = await openBucket({ faults: [completing({ kind: 'reset' }, Infinity)] });
    await server.seed('models', 'a', Buffer.alloc(body.length, 'x'));
    await expect(bucket.completeUpload(await uploadParts(bucket, 'a', [body]))).rejects.toMatchObject({
      failure: 'unavailable',
    });
  });

  test('F28: every answer lost, and the object there, is done', async () => {
    const { bucket, lines } = await openBucket({
      dialect: 'noobaa',
      faults: [
        completing({ kind: 'answer', status: 504, after: true }),
        completing({ kind: 'reset' }, Infinity),
      ],
    });
    await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
    expect(lines.join('')).toContain('completed, though the answer was lost');
  });

  test('F30: an object of another size than was completed is a failure', async () => {
    const faults: Fault[] = [
      { on: 'HeadObject', times: Infinity, act: { kind: 'header', name: 'content-length', value: '3' } },
    ];
    const { bucket } = await openBucket({ faults });
    const upload = await uploadParts(bucket, 'a', [body]);
    await expect(bucket.completeUpload(upload)).rejects.toMatchObject({
      failure: 'check',
      message: expect.stringContaining('corrupted on transfer'),
      evidence: [expect.stringContaining(`3 bytes where ${body.length} bytes`)],
    });
  });

  test('F30: parts that do not add up are not completed at all', async () => {
    const { bucket, seen } = await openBucket();
    const upload = await uploadParts(bucket, 'a', [body]);
    await expect(bucket.completeUpload({ ...upload, size: body.length + 1 })).rejects.toMatchObject({
      failure: 'check',
    });
    expect(seen()).not.toContain('CompleteMultipartUpload');
  });
});
