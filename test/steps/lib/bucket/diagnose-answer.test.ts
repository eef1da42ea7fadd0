import { describe, expect, test } from 'vitest';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { BucketError } from '../../../../steps/lib/bucket/error.ts';
import type { exitCodes } from '../../../../steps/lib/errors.ts';
import { openBucket } from '../open-bucket.ts';

interface Row {
  readonly f: string;
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly failure: keyof typeof exitCodes;
  readonly headline: RegExp;
  readonly hint: RegExp;
}

const notAvailable =
  '<html><body><div><h1>Application is not available</h1><p>The application is currently not serving requests at this endpoint.</p></div></body></html>';

const rows: Row[] = [
  {
    f: 'F31',
    status: 403,
    code: 'AccessDenied',
    failure: 'refused',
    headline: /may not do this in s3:\/\/models at .*: PUT a/,
    hint: /grant s3:PutObject .*AWS_ACCESS_KEY_ID/,
  },
  {
    f: 'F31',
    status: 403,
    code: 'SignatureDoesNotMatch',
    failure: 'refused',
    headline: /secret key is not the one/,
    hint: /oc set data secret\/<data connection>/,
  },
  {
    f: 'F31',
    status: 403,
    code: 'InvalidAccessKeyId',
    failure: 'refused',
    headline: /does not know the access key/,
    hint: /oc get objectbucketclaim/,
  },
  {
    f: 'F31',
    status: 403,
    body: ' ',
    failure: 'refused',
    headline: /refuses the access key/,
    hint: /s3:PutObject/,
  },
  {
    f: 'F33',
    status: 400,
    code: 'ExpiredToken',
    failure: 'refused',
    headline: /credentials expired after \d+ s/,
    hint: /renew the keys/,
  },
  {
    f: 'F34',
    status: 404,
    code: 'NoSuchBucket',
    failure: 'refused',
    headline: /no bucket models at http:\/\/127\.0\.0\.1/,
    hint: /AWS_S3_BUCKET/,
  },
  {
    f: 'F34',
    status: 301,
    code: 'PermanentRedirect',
    headers: { 'x-amz-bucket-region': 'eu-central-1' },
    failure: 'refused',
    headline: /in the region eu-central-1, the data connection says us-east-1/,
    hint: /AWS_DEFAULT_REGION=eu-central-1/,
  },
  {
    f: 'F34',
    status: 307,
    code: 'TemporaryRedirect',
    failure: 'refused',
    headline: /not served at .* in the region us-east-1/,
    hint: /AWS_S3_ENDPOINT and AWS_DEFAULT_REGION/,
  },
  {
    f: 'F34',
    status: 200,
    body: '<!DOCTYPE html><html><head><title>Welcome to our portal</title></head></html>',
    failure: 'refused',
    headline: /what answers at http:\/\/127\.0\.0\.1:\d+ is not S3/,
    hint: /NO_PROXY/,
  },
  {
    f: 'F34',
    status: 404,
    body: '<html><body><h1>Not Found</h1></body></html>',
    failure: 'refused',
    headline: /is not S3/,
    hint: /AWS_S3_ENDPOINT/,
  },
  {
    f: 'F34',
    status: 503,
    body: notAvailable,
    failure: 'unavailable',
    headline: /no route leads to an S3 server/,
    hint: /oc get route,endpoints/,
  },
  {
    f: 'F34',
    status: 502,
    body: '<html><h1>502 Bad Gateway</h1></html>',
    failure: 'unavailable',
    headline: /down behind/,
    hint: /AWS_S3_ENDPOINT/,
  },
  { f: 'F35', status: 507, failure: 'refused', headline: /no room left/, hint: /oc get storagecluster/ },
  {
    f: 'F35',
    status: 503,
    code: 'InsufficientCapacity',
    failure: 'refused',
    headline: /no room left/,
    hint: /what is staged stays/,
  },
  {
    f: 'F35',
    status: 403,
    code: 'QuotaExceeded',
    failure: 'refused',
    headline: /no room left/,
    hint: /quota/,
  },
  {
    f: 'F37',
    status: 403,
    code: 'AccessDenied',
    message: 'Access Denied because object protected by object lock.',
    failure: 'refused',
    headline: /object lock .* forbids this/,
    hint: /--prefix/,
  },
  {
    f: 'F37',
    status: 400,
    code: 'InvalidRequest',
    message: 'The object is WORM protected until 2030',
    failure: 'refused',
    headline: /object lock/,
    hint: /get-object-retention/,
  },
  {
    f: 'F37',
    status: 403,
    code: 'InvalidObjectState',
    message: "The operation is not valid for the object's storage class",
    failure: 'refused',
    headline: /lies in an archive .*: PUT a/,
    hint: /aws s3api restore-object --bucket models /,
  },
  {
    f: 'F35',
    status: 400,
    code: 'EntityTooLarge',
    failure: 'refused',
    headline: /as large/,
    hint: /--part-size/,
  },
  {
    f: 'F34',
    status: 501,
    code: 'NotImplemented',
    failure: 'refused',
    headline: /does not know how to do this/,
    hint: /ODF/,
  },
  {
    f: 'F34',
    status: 418,
    code: 'Teapot',
    failure: 'refused',
    headline: /does not accept this/,
    hint: /the code above/,
  },
];

describe('an answer that is no success', () => {
  test.each(rows)('$f: $status $code is told as it is: $headline', async (row) => {
    const { f: _, failure, headline, hint, ...answer } = row;
    const contentType = row.body?.includes('<') ? { 'content-type': 'text/html' } : {};
    const act = { kind: 'answer', ...answer, headers: { ...contentType, ...row.headers } } as const;
    const faults: Fault[] = [{ on: 'PutObject', times: Infinity, act }];
    const { bucket } = await openBucket({ faults });
    const error = await bucket.put('a', Buffer.from('x')).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(BucketError);
    expect(error).toMatchObject({
      failure,
      message: expect.stringMatching(headline),
      hint: expect.stringMatching(hint),
      evidence: [expect.stringMatching(new RegExp(`\\(S3, PUT a, HTTP ${row.status}`))],
    });
  });
});
