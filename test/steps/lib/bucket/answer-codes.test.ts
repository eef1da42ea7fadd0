import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { S3Answer } from '../../../../steps/lib/bucket/answer.ts';
import { answerCodes } from '../../../../steps/lib/bucket/answer-codes.ts';
import { openBucket } from '../open-bucket.ts';

const asked = {
  what: 'PUT a',
  right: 's3:PutObject',
  where: 's3://models at https://s3.example.com',
  bucket: 'models',
  endpoint: new URL('https://s3.example.com'),
  region: 'us-east-1',
  now: Date.parse('2026-01-01T10:00:00Z'),
  since: Date.parse('2026-01-01T09:43:00Z'),
};

const diagnose = (code: string, headers: Readonly<Record<string, string>> = {}) =>
  answerCodes.get(code)?.(new S3Answer({ statusCode: 400, headers }, ''), asked);

describe('a code of S3', () => {
  test.each([
    ['XAdminUserNotFound', 'refused', 'https://s3.example.com does not know the access key'],
    ['InvalidToken', 'refused', 'the credentials expired after 17 min of work'],
    ['NoSuchUpload', 'unavailable', 'the pending upload is gone: PUT a'],
    ['BadDigest', 'check', 'the bytes arrive changed at the server, twice: PUT a'],
    ['InvalidPartOrder', 'check', 'the server does not hold the parts as they were sent: PUT a'],
    ['EntityTooSmall', 'check', 'a part is smaller than the server takes: PUT a'],
  ])('%s is %s: %s', (code, failure, headline) => {
    expect(diagnose(code)).toMatchObject({ failure, headline });
  });

  test.each([
    ['Thu, 01 Jan 2026 09:58:31 GMT', '89 s ahead of'],
    ['Thu, 01 Jan 2026 13:00:00 GMT', '3 h behind'],
    ['noon', 'too far from'],
  ])('RequestTimeTooSkewed at %s is a clock %s', (date, how) => {
    const headline = `this node's clock is ${how} that of https://s3.example.com`;
    expect(diagnose('RequestTimeTooSkewed', { date })?.headline).toBe(headline);
  });
});

test.each([
  [20 * 60_000, /20 min ahead of/],
  [-3 * 3_600_000, /3 h behind/],
])('F32: a clock that is %i ms off is named when the server insists', async (off, headline) => {
  const faults: Fault[] = [
    {
      on: 'PutObject',
      times: Infinity,
      act: {
        kind: 'answer',
        status: 403,
        code: 'RequestTimeTooSkewed',
        headers: { date: new Date(Date.now() - off).toUTCString() },
      },
    },
  ];
  const { bucket, server } = await openBucket({ faults });
  await expect(bucket.put('a', Buffer.from('x'))).rejects.toMatchObject({
    failure: 'refused',
    message: expect.stringMatching(headline),
    hint: expect.stringContaining('chronyc'),
  });
  expect(server.requests).toHaveLength(2);
});
