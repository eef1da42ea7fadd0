import http, { createServer } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../sandbox/certificates.ts';
import type { Fault } from '../../../sandbox/bucket/faults.ts';
import { BucketError } from '../../../steps/lib/bucket.ts';
import { S3Answer } from '../../../steps/lib/bucket/answer.ts';
import type { Asked } from '../../../steps/lib/bucket/diagnosis.ts';
import { translate } from '../../../steps/lib/bucket/translate.ts';
import { exitCodes } from '../../../steps/lib/errors.ts';
import { accessKeyId, openBucket, secretAccessKey } from './open-bucket.ts';

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

  test('F31: HEAD, whose refusal has no words, is asked again in a way that has', async () => {
    const { open, seen } = await openBucket();
    const bucket = open({ AWS_SECRET_ACCESS_KEY: 'another-secret' });
    await expect(bucket.head('a')).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' });
    expect(seen()).toEqual(['HeadObject', 'GetObject']);
  });

  test('F31: HEAD that may not say more is refused all the same', async () => {
    const faults: Fault[] = [{ on: 'HeadObject', act: { kind: 'answer', status: 403, body: '' } }];
    const { bucket, server } = await openBucket({ faults });
    await server.seed('models', 'a', 'x');
    await expect(bucket.head('a')).rejects.toMatchObject({ failure: 'refused', status: 403 });
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

  test('F32: a clock that is off is set right from the answer, and the request passes', async () => {
    const folder = { now: () => new Date(Date.now() + 3_600_000) };
    const { bucket, server } = await openBucket(folder);
    await expect(bucket.put('a', Buffer.from('x'))).resolves.toBe(true);
    await bucket.put('b', Buffer.from('x'));
    expect(server.requests.map(({ code }) => code)).toEqual(['RequestTimeTooSkewed', undefined, undefined]);
  });
});

describe('no answer', () => {
  test('F34: a port where nothing listens', async () => {
    const { open } = await openBucket();
    const bucket = open({ AWS_S3_ENDPOINT: 'http://127.0.0.1:1' }, { attempts: 3 });
    await expect(bucket.list('')).rejects.toMatchObject({
      failure: 'unavailable',
      code: 'ECONNREFUSED',
      message: 'nothing listens at http://127.0.0.1:1',
    });
  });

  test.each([
    ['ENOTFOUND', 2],
    ['EAI_AGAIN', 7],
  ])('F34: a name that DNS does not know (%s) is asked for again %i times', async (code, times) => {
    const failing = Object.assign(new Error(`getaddrinfo ${code}`), { code });
    const httpAgent = new http.Agent({ lookup: (_host, _options, done) => done(failing, '') });
    const { open, waits } = await openBucket({ httpAgent });
    const bucket = open({ AWS_S3_ENDPOINT: 'http://s3.nowhere.example' });
    await expect(bucket.list('')).rejects.toMatchObject({
      failure: 'unavailable',
      message: 'the name s3.nowhere.example is not found in DNS',
    });
    expect(waits).toHaveLength(times);
  });

  test.each([
    [
      'an authority nobody trusts',
      ['127.0.0.1'],
      {},
      false,
      /authority that is not trusted/,
      /LLM_ROLLOUT_CA_DIR/,
    ],
    ['another name', ['s3.example.com'], {}, true, /is for another name/, /subjectAltName/],
    [
      'an expired certificate',
      ['127.0.0.1'],
      { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') },
      true,
      /has expired/,
      /-dates/,
    ],
  ] as const)('F34: TLS with %s is refused at once', async (_, hosts, validity, trusted, headline, hint) => {
    const authority = await createAuthority('a test authority');
    const tls = await authority.issue(hosts, validity);
    const httpsAgent = new https.Agent({ keepAlive: true, ca: trusted ? [authority.pem] : [] });
    const { bucket, waits } = await openBucket({ tls, httpsAgent });
    await expect(bucket.list('')).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringMatching(headline),
      hint: expect.stringMatching(hint),
    });
    expect(waits).toEqual([]);
  });

  test('F34: https where the server speaks http, and http where it speaks https', async () => {
    const plain = await openBucket();
    const asTls = plain.open({ AWS_S3_ENDPOINT: plain.server.url.replace('http:', 'https:') });
    await expect(asTls.list('')).rejects.toMatchObject({
      message: expect.stringContaining('does not speak https'),
    });
    const server = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const asHttp = plain.open({
      AWS_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    await expect(asHttp.list('')).rejects.toMatchObject({
      message: expect.stringContaining('does not speak http'),
    });
  });

  test('an aborted request ends with the reason of the signal', async () => {
    const faults: Fault[] = [{ on: '*', times: Infinity, act: { kind: 'silence' } }];
    const { bucket } = await openBucket({ faults });
    const stop = new AbortController();
    const reason = new Error('stopped by SIGTERM');
    const asking = bucket.list('', stop.signal);
    stop.abort(reason);
    await expect(asking).rejects.toBe(reason);
  });
});

const asked: Asked = {
  what: 'PUT a',
  right: 's3:PutObject',
  where: 's3://models at https://s3.example.com',
  bucket: 'models',
  endpoint: new URL('https://s3.example.com'),
  region: 'us-east-1',
  now: 1_000_000,
  since: 0,
};

describe('the translation', () => {
  const names = ['__proto__', 'constructor', 'toString', 'AccessDenied', 'SlowDown', 'NoSuchKey', ''];
  const codes = fc.oneof(fc.constantFrom(...names), fc.string());
  const bodies = fc.oneof(
    fc.string(),
    fc
      .record({ code: codes, message: fc.string() })
      .map(({ code, message }) => `<Error><Code>${code}</Code><Message>${message}</Message></Error>`),
  );

  test('property: any status with any body is a failure with a headline, evidence and a hint', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1, max: 999 }),
        bodies,
        fc.option(fc.string()),
        (status, body, foreign) => {
          const answer = new S3Answer({ statusCode: status, headers: {} }, body, foreign ?? undefined);
          const error = translate(answer, asked, (text) => text);
          expect(Object.keys(exitCodes)).toContain(error.failure);
          expect(error.failure).not.toBe('internal');
          expect(error.message).not.toBe('');
          expect(error.hint).toMatch(/\S/);
          expect(error.evidence.join('')).toContain(`HTTP ${status}`);
          expect(error.evidence.join('')).not.toContain('\n');
        },
      ),
    );
  });

  test('property: whatever is thrown is a BucketError', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (thrown, code) => {
        for (const error of [thrown, Object.assign(new Error('x'), { code })]) {
          const translated = translate(error, asked, (text) => text);
          expect(translated).toBeInstanceOf(BucketError);
          expect(translated.hint).toMatch(/\S/);
        }
      }),
    );
  });

  test('no error shows the secret key or a signature', async () => {
    const answers: Fault[] = ['SignatureDoesNotMatch', 'AccessDenied', 'Odd'].map((code, i) => ({
      on: 'PutObject',
      nth: i + 1,
      act: {
        kind: 'answer',
        status: 403,
        code,
        message: `you sent ${secretAccessKey} and Signature=${'ab'.repeat(32)}`,
      },
    }));
    const { bucket, lines } = await openBucket({ faults: answers });
    for (const _ of answers) {
      const error: unknown = await bucket.put('a', Buffer.from('x')).catch((error: unknown) => error);
      if (!(error instanceof BucketError)) throw new Error('no error');
      const shown = [error.message, ...error.evidence, error.hint, ...lines].join('\n');
      expect(shown).not.toContain(secretAccessKey);
      expect(shown).not.toContain('abababab');
      expect(shown).not.toContain(accessKeyId);
    }
  });
});
