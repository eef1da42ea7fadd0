import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Expectation, judgeAnswer, S3Answer } from '../../../../steps/lib/bucket/answer.ts';
import { openBucket } from '../open-bucket.ts';

const hidden = '<?xml version="1.0"?>\n<Error><Code>SlowDown</Code><Message>a &lt; b</Message></Error>';

const answer = (statusCode: number, headers: Record<string, string>, body: string) => ({
  statusCode,
  headers,
  body: Readable.from([Buffer.from(body)]),
});

describe('an answer', () => {
  test.each<[Expectation, Record<string, string>, string]>([
    ['bytes', { etag: '"1"' }, '<html>a page that was stored</html>'],
    ['etag', { etag: '"1"' }, ''],
    ['nothing', {}, ''],
    ['xml', {}, '  <?xml version="1.0"?>\n<ListPartsResult></ListPartsResult>'],
    ['xml', { 'content-type': 'text/html' }, '<CreateBucketResponse/>'],
  ])('with %s where these are expected passes with its body whole: %j', async (expected, headers, body) => {
    const raw = answer(200, headers, body);
    await judgeAnswer(raw, expected);
    expect(Buffer.concat(await raw.body.toArray()).toString()).toBe(body);
  });

  test.each<[Expectation, number, string, Partial<S3Answer>]>([
    ['xml', 200, hidden, { code: 'SlowDown', said: 'a < b', foreign: undefined }],
    ['nothing', 200, hidden, { code: 'SlowDown', foreign: undefined }],
    ['etag', 200, '', { foreign: 'no content type, empty' }],
    ['bytes', 200, 'hello', { foreign: 'no content type, “hello”' }],
    ['nothing', 204, '<html><title>Sign&amp;in</title></html>', { foreign: 'text/html, “Sign&in”' }],
    ['xml', 200, ' ', { code: '', foreign: undefined }],
    ['etag', 403, '', { code: '', foreign: undefined, status: 403 }],
  ])('to one who expects %s, %i with %j is none', async (expected, status, body, told) => {
    const judging = judgeAnswer(answer(status, {}, body), expected);
    await expect(judging).rejects.toBeInstanceOf(S3Answer);
    await expect(judging).rejects.toMatchObject(told);
  });
});

test('of 204 is one although it says what type its body would be of', async () => {
  const deleted = answer(204, { 'content-type': 'text/html; charset=UTF-8', server: 'UploadServer' }, '');
  await expect(judgeAnswer(deleted, 'nothing')).resolves.toBeUndefined();
});

test('to a PUT, whose body does not end, is late', async () => {
  const trickle = new Readable({ read: () => {} });
  const timer = setInterval(() => trickle.push('x'), 5);
  onTestFinished(() => clearInterval(timer));
  const judging = judgeAnswer({ statusCode: 200, headers: { etag: '"1"' }, body: trickle }, 'etag', 50);
  await expect(judging).rejects.toMatchObject({ name: 'TimeoutError', code: 'ETIMEDOUT' });
});

test('F34: a page that passes for an empty listing is not one', async () => {
  const act = { kind: 'answer', status: 200, body: '<html><body>Sign in</body></html>' } as const;
  const { bucket } = await openBucket({
    faults: [
      { on: 'ListObjectsV2', act },
      { on: 'ListParts', act },
      { on: 'ListMultipartUploads', act },
    ],
  });
  await expect(bucket.list('')).rejects.toMatchObject({ code: 'NotS3' });
  await expect(bucket.listUploads('')).rejects.toMatchObject({ code: 'NotS3' });
  await expect(bucket.listParts('a', 'b')).rejects.toMatchObject({ code: 'NotS3' });
});
