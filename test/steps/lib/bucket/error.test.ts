import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { BucketError, isAbsent, isUploadGone } from '../../../../steps/lib/bucket/error.ts';
import { openBucket } from '../open-bucket.ts';

test.each([
  ['NoSuchKey', 404, { absent: true, gone: false }],
  ['', 404, { absent: true, gone: false }],
  ['NoSuchUpload', 404, { absent: false, gone: true }],
  ['NoSuchBucket', 404, { absent: false, gone: false }],
  ['NotS3', 404, { absent: false, gone: false }],
  ['', 403, { absent: false, gone: false }],
])('%j with %i is %j', (code, status, expected) => {
  const error = new BucketError('refused', 'no', { evidence: [], hint: 'look', code, status });
  expect({ absent: isAbsent(error), gone: isUploadGone(error) }).toEqual(expected);
});

test('what others throw is neither absent nor gone', () => {
  const error = Object.assign(new Error('no'), { code: 'NoSuchKey', status: 404 });
  expect([isAbsent(error), isUploadGone(Object.assign(error, { code: 'NoSuchUpload' }))]).toEqual([
    false,
    false,
  ]);
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
