import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import {
  BucketError,
  isAbsent,
  isDenied,
  isGone,
  isNotImplemented,
  isPastEnd,
  isPreconditionFailed,
  isUploadGone,
  unlessUnsupported,
} from '../../../../steps/lib/bucket/error.ts';
import { openBucket } from '../open-bucket.ts';

test.each([
  ['NoSuchKey', 404, { absent: true, gone: false }],
  ['', 404, { absent: true, gone: false }],
  ['NoSuchUpload', 404, { absent: false, gone: true }],
  ['NoSuchBucket', 404, { absent: false, gone: false }],
  ['NotS3', 404, { absent: false, gone: false }],
  ['', 403, { absent: false, gone: false }],
])('%j with %i is %j', (code, status, expected) => {
  const error = refusal(code, status);
  expect({ absent: isAbsent(error), gone: isUploadGone(error) }).toEqual(expected);
});

test('what others throw is neither absent nor gone', () => {
  const error = Object.assign(new Error('no'), { code: 'NoSuchKey', status: 404 });
  expect([isAbsent(error), isUploadGone(Object.assign(error, { code: 'NoSuchUpload' }))]).toEqual([
    false,
    false,
  ]);
});

test.each([
  ['NoSuchUpload', 404, true],
  ['NoSuchKey', 404, true],
  ['InvalidPart', 400, true],
  ['NoSuchBucket', 404, false],
  ['AccessDenied', 403, false],
])('%s with %i means that the upload is gone: %s', (code, status, expected) => {
  expect(isGone(refusal(code, status))).toBe(expected);
  expect(isGone(new Error(code))).toBe(false);
});

test('a condition that does not hold, and a range behind the end', () => {
  const seen = [412, 416, 409].map((status) => {
    const error = refusal('', status);
    return [isPreconditionFailed(error), isPastEnd(error)];
  });
  expect(seen).toEqual([
    [true, false],
    [false, true],
    [false, false],
  ]);
});

test.each([
  [403, 'AccessDenied', true],
  [401, '', true],
  [404, 'NoSuchUpload', false],
  [500, 'InternalError', false],
])('%i %s lacks a right: %s', (status, code, lacks) => {
  expect(isDenied(refusal(code, status))).toBe(lacks);
});

test.each([
  [501, 'NotImplemented'],
  [405, 'MethodNotAllowed'],
])('%i %s: something else instead', async (status, code) => {
  const request = async () => {
    throw refusal(code, status);
  };
  expect(await unlessUnsupported(['instead'], request)).toEqual(['instead']);
});

test('another error is no unknown operation', async () => {
  const denied = refusal('AccessDenied', 403);
  const request = async () => {
    throw denied;
  };
  await expect(unlessUnsupported([], request)).rejects.toBe(denied);
});

test.each([
  [501, '', true],
  [200, 'NotImplemented', true],
  [405, 'MethodNotAllowed', false],
])('%i %j: the server may know the operation, and not all of it: %s', (status, code, expected) => {
  expect(isNotImplemented(refusal(code, status))).toBe(expected);
});

test('F34: a 404 from something else is not an absent object', async () => {
  const server = createServer((_, res) =>
    res.writeHead(404, { 'content-type': 'text/html' }).end('<html>no</html>'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { open } = await openBucket();
  const bucket = open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  await expect(bucket.head('a')).rejects.toMatchObject({ code: 'NotS3' });
  await expect(bucket.get('a')).rejects.toMatchObject({ code: 'NotS3' });
  await expect(bucket.put('a', Buffer.from('x'))).rejects.toMatchObject({ code: 'NotS3' });
  await expect(bucket.delete('a')).rejects.toMatchObject({ code: 'NotS3' });
});

function refusal(code: string, status: number): BucketError {
  return new BucketError('refused', 'no', { evidence: [code], hint: 'look', code, status });
}
