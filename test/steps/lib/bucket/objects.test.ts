import { createHash } from 'node:crypto';
import https from 'node:https';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import type { Fault } from '../../../../sandbox/bucket/faults.ts';
import { crc32Base64 } from '../../../../steps/lib/bucket/crc32.ts';
import { openBucket, uploadParts } from '../open-bucket.ts';

const body = Buffer.from('{"files":[]}\n');

describe('a put', () => {
  test('declares its MD5, signs its SHA-256 and goes unframed', async () => {
    const { bucket, server } = await openBucket();
    await bucket.put('a', body, { contentType: 'application/json' });
    const [request] = server.requests;
    expect(request?.headers).toMatchObject({
      'content-md5': createHash('md5').update(body).digest('base64'),
      'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      'content-length': String(body.length),
      'content-type': 'application/json',
    });
    expect(Object.keys(request?.headers ?? {})).not.toContain('expect');
    expect(Object.keys(request?.headers ?? {})).not.toContain('content-encoding');
  });

  test('F28: whose answer was lost was stored by us, not by another', async () => {
    const faults: Fault[] = [{ on: 'PutObject', act: { kind: 'reset', after: true } }];
    const { bucket } = await openBucket({ faults });
    await expect(bucket.put('a', body, { ifNoneMatch: '*' })).resolves.toBe(true);
  });

  test('F39: that another run was faster with is told so, even after a retry', async () => {
    const faults: Fault[] = [{ on: 'PutObject', act: { kind: 'answer', status: 503, code: 'SlowDown' } }];
    const { bucket, server } = await openBucket({ faults });
    await server.seed('models', 'a', 'what the other run wrote');
    await expect(bucket.put('a', body, { ifNoneMatch: '*' })).resolves.toBe(false);
    expect((await bucket.get('a'))?.toString()).toBe('what the other run wrote');
  });

  test('F39: two runs that write the same marker at once both end well, one of them having written it', async () => {
    const { bucket, open } = await openBucket();
    const other = open();
    const [mine, theirs] = await Promise.all([
      bucket.put('marker', body, { ifNoneMatch: '*' }),
      other.put('marker', body, { ifNoneMatch: '*' }),
    ]);
    expect(mine).not.toBe(theirs);
  });
});

describe('a server that does not know If-None-Match', () => {
  const unknown: Fault['act'] = { kind: 'answer', status: 501, code: 'NotImplemented' };

  test('F39: is one that ignores it: it puts without', async () => {
    const { bucket, server } = await openBucket({ faults: [{ on: 'PutObject', act: unknown }] });
    await server.seed('models', 'a', 'what was there');
    await expect(bucket.put('a', body, { ifNoneMatch: '*', metadata: { of: 'us' } })).resolves.toBe(true);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
    expect(await bucket.head('a')).toMatchObject({ metadata: { of: 'us' } });
    const puts = server.requests.filter(({ operation }) => operation === 'PutObject');
    expect(puts.map(({ headers }) => headers['if-none-match'])).toEqual(['*', undefined]);
  });

  test('F34: one that knows no puts at all is refused', async () => {
    const { bucket } = await openBucket({ faults: [{ on: 'PutObject', times: Infinity, act: unknown }] });
    await expect(bucket.put('a', body, { ifNoneMatch: '*' })).rejects.toMatchObject({
      failure: 'refused',
      code: 'NotImplemented',
    });
  });
});

describe('large bodies', () => {
  test.each([2 * 1024 ** 2, 2 * 1024 ** 2 + 1, 9 * 1024 ** 2])(
    'a part of %i bytes is sent at once, without asking to continue',
    async (size) => {
      const { bucket, server } = await openBucket();
      const uploadId = await bucket.createUpload('a');
      const part = await bucket.uploadPart({
        key: 'a',
        uploadId,
        partNumber: 1,
        body: Buffer.alloc(size, 'x'),
      });
      await bucket.completeUpload({ key: 'a', uploadId, parts: [part], size });
      expect(server.requests.flatMap(({ headers }) => Object.keys(headers))).not.toContain('expect');
      expect(await bucket.head('a')).toMatchObject({ size });
    },
  );
});

describe('what proves a part on its way', () => {
  const send = async (tls: boolean, rejectUnauthorized = true) => {
    const authority = await createAuthority('a test authority');
    const httpsAgent = new https.Agent({ keepAlive: true, ca: [authority.pem], rejectUnauthorized });
    const { bucket, server } = await openBucket({
      httpsAgent,
      ...(tls && { tls: await authority.issue(['127.0.0.1']) }),
    });
    await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
    await bucket.put('b', body);
    const hashOf = (operation: string) =>
      server.requests.find((request) => request.operation === operation)?.headers;
    return { part: hashOf('UploadPart'), put: hashOf('PutObject') };
  };
  const sha256 = createHash('sha256').update(body).digest('hex');

  test('over http its signed SHA-256 and its CRC-32', async () => {
    const { part } = await send(false);
    expect(part).toMatchObject({ 'x-amz-content-sha256': sha256, 'x-amz-checksum-crc32': crc32Base64(body) });
  });

  test('over https whose certificate is verified the connection and its CRC-32', async () => {
    const { part, put } = await send(true);
    expect(part).toMatchObject({
      'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
      'x-amz-checksum-crc32': crc32Base64(body),
    });
    expect(put).toMatchObject({ 'x-amz-content-sha256': sha256 });
  });

  test('over https that nobody verified the same as over http', async () => {
    const { part } = await send(true, false);
    expect(part).toMatchObject({ 'x-amz-content-sha256': sha256 });
  });
});

describe('an object of which only the size is right', () => {
  test('F36: has the metadata that tells, and another ETag', async () => {
    const { bucket } = await openBucket();
    await bucket.put('a', Buffer.from('right'), { metadata: { sha256: 'a'.repeat(64) } });
    await bucket.put('b', Buffer.from('wrong'));
    const [a, b] = [await bucket.head('a'), await bucket.head('b')];
    expect(a?.size).toBe(b?.size);
    expect(a?.metadata['sha256']).not.toBe(b?.metadata['sha256']);
    expect(a?.etag).not.toBe(b?.etag);
  });
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

test('what is absent is undefined, and may be deleted', async () => {
  const { bucket } = await openBucket();
  expect(await bucket.head('a')).toBeUndefined();
  expect(await bucket.get('a')).toBeUndefined();
  await expect(bucket.delete('a')).resolves.toBeUndefined();
});
