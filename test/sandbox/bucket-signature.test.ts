import { createHash } from 'node:crypto';
import http, { type IncomingHttpHeaders } from 'node:http';
import {
  type ListObjectsV2CommandInput,
  PutObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dialects } from '../../sandbox/bucket/dialects.ts';
import { verifySignature } from '../../sandbox/bucket/signature.ts';
import { accessKeyId, openBucket, secretAccessKey } from '../steps/lib/open-bucket.ts';

const emptyHash = createHash('sha256').update('').digest('hex');

describe("Amazon's own examples of Signature Version 4", () => {
  const credentials = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  };
  const base = {
    host: 'examplebucket.s3.amazonaws.com',
    'x-amz-content-sha256': emptyHash,
    'x-amz-date': '20130524T000000Z',
  };
  const verify = (
    method: string,
    target: string,
    headers: IncomingHttpHeaders,
    [names, signature]: readonly [string, string],
  ) => {
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`;
    verifySignature({ method, target, headers: { ...headers, authorization } }, credentials, {
      region: 'us-east-1',
      now: Date.parse('2013-05-24T00:00:10Z'),
      unknownAccessKey: dialects.aws.unknownAccessKey,
    });
  };
  const three = 'host;x-amz-content-sha256;x-amz-date';

  test.each<[string, string, IncomingHttpHeaders, readonly [string, string]]>([
    [
      'GET',
      '/test.txt',
      { ...base, range: 'bytes=0-9' },
      [
        'host;range;x-amz-content-sha256;x-amz-date',
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ],
    ],
    [
      'PUT',
      '/test%24file.text',
      {
        ...base,
        date: 'Fri, 24 May 2013 00:00:00 GMT',
        'x-amz-storage-class': 'REDUCED_REDUNDANCY',
        'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
      },
      [
        'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ],
    ],
    ['GET', '/?lifecycle', base, [three, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543']],
    [
      'GET',
      '/?max-keys=2&prefix=J',
      base,
      [three, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
    ],
  ])('%s %s is taken, and refused with another method or digit', (method, target, headers, signed) => {
    expect(() => verify(method, target, headers, signed)).not.toThrow();
    const [names, signature] = signed;
    expect(() => verify('DELETE', target, headers, signed)).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
    );
    const other = signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    expect(() => verify(method, target, headers, [names, other])).toThrow(
      expect.objectContaining({ code: 'SignatureDoesNotMatch' }),
    );
  });
});

interface Signed {
  method: string;
  target: string;
  headers: Record<string, string>;
  body: string;
}

/** What the SDK would have sent. */
async function sign(url: string, body: string, secret = secretAccessKey): Promise<Signed> {
  let signed: Signed | undefined;
  const client = new S3Client({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey: secret },
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: {
        method: string;
        path: string;
        query: object;
        headers: Record<string, string>;
      }) => {
        const search = new URLSearchParams({ ...request.query }).toString();
        signed = {
          method: request.method,
          target: search === '' ? request.path : `${request.path}?${search}`,
          headers: { ...request.headers },
          body,
        };
        throw new Error('kept');
      },
    },
  });
  const metadata = { note: 'one  two' };
  await client
    .send(new PutObjectCommand({ Bucket: 'models', Key: "a b/ü+%'(1)", Body: body, Metadata: metadata }))
    .catch(() => {});
  if (!signed) throw new Error('the SDK sent nothing');
  return signed;
}

async function send(
  url: string,
  { method, target, headers, body }: Signed,
): Promise<{ status: number; code: string }> {
  const { hostname, port } = new URL(url);
  return await new Promise((resolve, reject) => {
    const req = http.request({ hostname, port, method, path: target, headers, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => (text += chunk));
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? '' }),
      );
    });
    req.on('error', reject);
    req.end(body);
  });
}

describe('a signed request', () => {
  test('passes as the SDK signs it', async () => {
    const { server } = await openBucket();
    expect(await send(server.url, await sign(server.url, 'body'))).toEqual({ status: 200, code: '' });
  });

  const authorization = (change: (text: string) => string) => (signed: Signed) => {
    signed.headers['authorization'] = change(signed.headers['authorization'] ?? '');
  };
  const header = (name: string, value: string) => (signed: Signed) => {
    signed.headers[name] = value;
  };

  test.each<[string, (signed: Signed) => void, number, string]>([
    ['no Authorization', (signed) => delete signed.headers['authorization'], 403, 'AccessDenied'],
    ['another scheme', authorization(() => 'AWS key:signature'), 400, 'AuthorizationHeaderMalformed'],
    [
      'a signature too short',
      authorization((text) => text.slice(0, -1)),
      400,
      'AuthorizationHeaderMalformed',
    ],
    [
      'another signature',
      authorization((text) => text.replace(/Signature=.*/, `Signature=${'0'.repeat(64)}`)),
      403,
      'SignatureDoesNotMatch',
    ],
    [
      'another access key',
      authorization((text) => text.replace(accessKeyId, 'AKIAOTHER')),
      403,
      'InvalidAccessKeyId',
    ],
    [
      'another service',
      authorization((text) => text.replace('/s3/', '/sts/')),
      400,
      'AuthorizationHeaderMalformed',
    ],
    [
      'another day in its scope',
      authorization((text) => text.replace(/\/20\d{6}\//, '/20200101/')),
      400,
      'AuthorizationHeaderMalformed',
    ],
    [
      'another region in its scope',
      authorization((text) => text.replace('us-east-1', 'eu-west-1')),
      403,
      'SignatureDoesNotMatch',
    ],
    ['another key', (signed) => (signed.target = '/models/b'), 403, 'SignatureDoesNotMatch'],
    ['another query', (signed) => (signed.target += '&x-id=GetObject'), 403, 'SignatureDoesNotMatch'],
    ['another date', header('x-amz-date', '20200101T000000Z'), 400, 'AuthorizationHeaderMalformed'],
    ['another value of a signed header', header('x-amz-meta-note', 'three'), 403, 'SignatureDoesNotMatch'],
    ['a header of Amazon that is not signed', header('x-amz-meta-more', '1'), 403, 'AccessDenied'],
    ['the host not signed', authorization((text) => text.replace('host;', '')), 403, 'AccessDenied'],
    ['no payload hash', (signed) => delete signed.headers['x-amz-content-sha256'], 400, 'InvalidRequest'],
    ['another body', (signed) => (signed.body = 'bodY'), 400, 'XAmzContentSHA256Mismatch'],
    ['another payload hash', header('x-amz-content-sha256', emptyHash), 403, 'SignatureDoesNotMatch'],
  ])('is refused with %s', async (_, spoil, status, code) => {
    const { server } = await openBucket();
    const signed = await sign(server.url, 'body');
    spoil(signed);
    expect(await send(server.url, signed)).toEqual({ status, code });
    expect(server.keys('models')).toEqual([]);
  });

  test('is refused with another secret key', async () => {
    const { server } = await openBucket();
    const signed = await sign(server.url, 'body', 'another-secret');
    expect(await send(server.url, signed)).toEqual({ status: 403, code: 'SignatureDoesNotMatch' });
  });

  test.each([
    [16 * 60_000, 403, 'RequestTimeTooSkewed'],
    [-16 * 60_000, 403, 'RequestTimeTooSkewed'],
    [14 * 60_000, 200, ''],
    [-14 * 60_000, 200, ''],
  ])('that the server gets %i ms late is answered %i %s', async (late, status, code) => {
    const { server } = await openBucket({ now: () => new Date(Date.now() + late) });
    expect(await send(server.url, await sign(server.url, 'body'))).toEqual({ status, code });
  });

  test('is refused where the server takes one region only, and told which', async () => {
    const { bucket } = await openBucket({ region: 'eu-central-1' });
    await expect(bucket.list('')).rejects.toMatchObject({
      code: 'AuthorizationHeaderMalformed',
      message: expect.stringContaining('in the region eu-central-1'),
    });
  });

  test('property: the signature covers every byte of key, prefix and markers', async () => {
    const { bucket, server, secret } = await openBucket();
    const client = new S3Client({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: secret.AWS_ACCESS_KEY_ID, secretAccessKey: secret.AWS_SECRET_ACCESS_KEY },
      forcePathStyle: true,
    });
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter((text) => text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(text, text, async (prefix, startAfter) => {
        const input: ListObjectsV2CommandInput = { Bucket: 'models', Prefix: prefix, StartAfter: startAfter };
        await client.send(new ListObjectsV2Command(input));
        await bucket.head(prefix);
      }),
      { numRuns: 60 },
    );
    expect(server.requests.filter(({ status }) => status === 403)).toEqual([]);
    expect(server.refusals).toEqual([]);
    client.destroy();
  });
});
