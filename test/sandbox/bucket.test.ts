import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  type S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type BucketOptions, startBucket } from '../../sandbox/bucket.ts';

type Checksums = 'WHEN_REQUIRED' | 'WHEN_SUPPORTED';

/** The server, and the SDK without our adapter in between. */
async function start(
  options: Partial<BucketOptions> = {},
  requestChecksumCalculation: Checksums = 'WHEN_REQUIRED',
) {
  const folder = await mkdtemp(join(tmpdir(), 'sandbox-bucket-'));
  const keys = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  const server = await startBucket({ folder, ...keys, buckets: ['models'], ...options });
  const client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    credentials: keys,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation,
  });
  onTestFinished(async () => {
    client.destroy();
    await server.close();
    await rm(folder, { recursive: true });
  });
  return { server, client, files: () => readdir(folder) };
}

const Bucket = 'models';
const code = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } });
const put = (Key: string, Body: string | Buffer, more = {}) =>
  new PutObjectCommand({ Bucket, Key, Body, ...more });

describe('what the sandbox does not know', () => {
  test('is refused with 501 and kept for whoever starts it', async () => {
    const { client, server } = await start();
    await expect(client.send(new GetBucketAclCommand({ Bucket }))).rejects.toMatchObject(
      code('NotImplemented', 501),
    );
    const tagging = new PutObjectTaggingCommand({ Bucket, Key: 'a', Tagging: { TagSet: [] } });
    await expect(client.send(tagging)).rejects.toMatchObject(code('NotImplemented', 501));
    const encrypted = put('a', 'x', { ServerSideEncryption: 'AES256' });
    await expect(client.send(encrypted)).rejects.toMatchObject(code('NotImplemented', 501));
    const tagged = put('a', 'x', { Tagging: 'a=b' });
    await expect(client.send(tagged)).rejects.toMatchObject(code('NotImplemented', 501));
    const versioned = new GetObjectCommand({ Bucket, Key: 'a', VersionId: '1' });
    await expect(client.send(versioned)).rejects.toMatchObject(code('NotImplemented', 501));
    expect(server.refusals).toEqual([
      expect.stringContaining('acl'),
      expect.stringContaining('tagging'),
      expect.stringContaining('x-amz-server-side-encryption'),
      expect.stringContaining('x-amz-tagging'),
      expect.stringContaining('versionId'),
    ]);
  });

  test('is refused for streams, whose framing old servers do not read', async () => {
    const { client, server } = await start({}, 'WHEN_SUPPORTED');
    const body = Readable.from([Buffer.from('streamed')]);
    const sending = client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: body, ContentLength: 8 }));
    await expect(sending).rejects.toMatchObject(code('MissingContentLength', 411));
    expect(server.keys('models')).toEqual([]);
  });
});

describe('bytes that are not what was declared', () => {
  const wrong = createHash('md5').update('other').digest('base64');

  test.each([
    ['aws', { ContentMD5: wrong }, 'BadDigest'],
    ['aws', { ChecksumCRC32: 'AAAAAA==' }, 'BadDigest'],
    ['aws', { ChecksumSHA256: createHash('sha256').update('other').digest('base64') }, 'BadDigest'],
    ['rgw', { ContentMD5: wrong }, 'BadDigest'],
    ['versitygw', { ChecksumSHA1: createHash('sha1').update('other').digest('base64') }, 'BadDigest'],
  ] as const)('are refused by %s with %j', async (dialect, declared, name) => {
    const { client, server, files } = await start({ dialect });
    await expect(client.send(put('a', 'body', declared))).rejects.toMatchObject(code(name, 400));
    expect(server.keys('models')).toEqual([]);
    expect(await files()).toEqual([]);
  });

  test.each([
    ['noobaa', { ContentMD5: wrong }],
    ['noobaa', { ChecksumCRC32: 'AAAAAA==' }],
    ['rgw', { ChecksumCRC32: 'AAAAAA==' }],
  ] as const)('are stored by %s with %j, as the real one does', async (dialect, declared) => {
    const { client, server } = await start({ dialect });
    await client.send(put('a', 'body', declared));
    expect(server.keys('models')).toEqual(['a']);
  });

  test('that break off leave nothing behind', async () => {
    const { client, server, files } = await start();
    const stop = new AbortController();
    const sending = client.send(put('a', randomBytes(32 * 1024 ** 2)), { abortSignal: stop.signal });
    await expect.poll(files).toHaveLength(1);
    stop.abort();
    await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(files).toEqual([]);
    expect(server.keys('models')).toEqual([]);
  });
});

describe('checksums of an upload', () => {
  const startUpload = async (algorithm?: 'CRC32') => {
    const { client, server } = await start();
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({
        Bucket,
        Key: 'a',
        ...(algorithm && { ChecksumAlgorithm: algorithm }),
      }),
    );
    return { client, server, UploadId };
  };
  const base64 = (crc: number) => Buffer.from(crc.toString(16).padStart(8, '0'), 'hex').toString('base64');
  const body = Buffer.from('a part');

  test('that were declared are demanded of each part, and of its completion', async () => {
    const { client, UploadId } = await startUpload('CRC32');
    const part = { Bucket, Key: 'a', UploadId, PartNumber: 1, Body: body };
    const plain = new UploadPartCommand({
      ...part,
      ChecksumSHA1: createHash('sha1').update(body).digest('base64'),
    });
    await expect(client.send(plain)).rejects.toMatchObject(code('InvalidRequest', 400));
    const { ETag } = await client.send(
      new UploadPartCommand({ ...part, ChecksumCRC32: base64(crc32(body)) }),
    );
    const complete = (more: object) =>
      client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key: 'a',
          UploadId,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ...more }] },
        }),
      );
    await expect(complete({})).rejects.toMatchObject(code('InvalidRequest', 400));
    await expect(complete({ ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject(code('InvalidPart', 400));
    await complete({ ChecksumCRC32: base64(crc32(body)) });
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a', ChecksumMode: 'ENABLED' }));
    const digest = Buffer.from(base64(crc32(body)), 'base64');
    expect(head.ChecksumCRC32).toBe(`${base64(crc32(digest))}-1`);
  });

  test('that were not declared are not taken', async () => {
    const { client, UploadId } = await startUpload();
    const part = {
      Bucket,
      Key: 'a',
      UploadId,
      PartNumber: 1,
      Body: body,
      ChecksumCRC32: base64(crc32(body)),
    };
    await expect(client.send(new UploadPartCommand(part))).rejects.toMatchObject(code('InvalidRequest', 400));
  });
});

describe('conditions', () => {
  test('of a put', async () => {
    const { client } = await start();
    const { ETag } = await client.send(put('a', 'first'));
    await expect(client.send(put('a', 'x', { IfNoneMatch: '*' }))).rejects.toMatchObject(
      code('PreconditionFailed', 412),
    );
    await expect(client.send(put('a', 'x', { IfMatch: '"other"' }))).rejects.toMatchObject(
      code('PreconditionFailed', 412),
    );
    await expect(client.send(put('b', 'x', { IfMatch: ETag }))).rejects.toMatchObject(code('NoSuchKey', 404));
    await client.send(put('a', 'second', { IfMatch: ETag }));
  });

  test('of a get', async () => {
    const { client } = await start();
    const { ETag } = await client.send(put('a', 'body'));
    const get = (more: object) => client.send(new GetObjectCommand({ Bucket, Key: 'a', ...more }));
    await expect(get({ IfMatch: '"other"' })).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    await expect(get({ IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
    await expect(get({ IfModifiedSince: new Date(Date.now() + 60_000) })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 304 },
    });
    await expect(get({ IfUnmodifiedSince: new Date(0) })).rejects.toMatchObject({
      $metadata: { httpStatusCode: 412 },
    });
    const answer = await get({ IfMatch: ETag });
    expect(await answer.Body?.transformToString()).toBe('body');
  });

  test.each([
    ['aws', false],
    ['noobaa', false],
    ['rgw', true],
  ] as const)('of a completion, by %s: replaces is %s', async (dialect, replaces) => {
    const { client } = await start({ dialect });
    await client.send(put('a', 'first'));
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a' }));
    const { ETag } = await client.send(
      new UploadPartCommand({ Bucket, Key: 'a', UploadId, PartNumber: 1, Body: 'second' }),
    );
    const parts = { Parts: [{ PartNumber: 1, ETag }] };
    const completing = client.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: 'a',
        UploadId,
        MultipartUpload: parts,
        IfNoneMatch: '*',
      }),
    );
    const outcome = await completing.then(
      () => true,
      (error: S3ServiceException) => error.$metadata.httpStatusCode !== 412,
    );
    expect(outcome).toBe(replaces);
  });
});

describe('ranges', () => {
  test.each([
    ['bytes=0-0', 206, 'a', 'bytes 0-0/10'],
    ['bytes=3-5', 206, 'def', 'bytes 3-5/10'],
    ['bytes=7-', 206, 'hij', 'bytes 7-9/10'],
    ['bytes=-2', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=8-99', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=-99', 206, 'abcdefghij', 'bytes 0-9/10'],
    ['bytes=5-3', 200, 'abcdefghij', undefined],
    ['lines=1-2', 200, 'abcdefghij', undefined],
  ])('%s', async (Range, status, text, ContentRange) => {
    const { client } = await start();
    await client.send(put('a', 'abcdefghij'));
    const answer = await client.send(new GetObjectCommand({ Bucket, Key: 'a', Range }));
    expect(answer.$metadata.httpStatusCode).toBe(status);
    expect(answer.ContentRange).toBe(ContentRange);
    expect(await answer.Body?.transformToString()).toBe(text);
  });

  test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0'])('%s is not satisfiable', async (Range) => {
    const { client } = await start();
    await client.send(put('a', 'abcdefghij'));
    const asking = client.send(new GetObjectCommand({ Bucket, Key: 'a', Range }));
    await expect(asking).rejects.toMatchObject(code('InvalidRange', 416));
  });
});

describe('listings', () => {
  test('fold folders, start after a key and go on by pages', async () => {
    const { client, server } = await start({ pageSize: 2 });
    for (const key of ['a', 'f/1', 'f/2', 'g/1', 'h', 'z']) await server.seed('models', key, 'x');
    const list = (more: object) => client.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', ...more }));
    const first = await list({});
    expect(first.Contents?.map(({ Key }) => Key)).toEqual(['a']);
    expect(first.CommonPrefixes).toEqual([{ Prefix: 'f/' }]);
    expect(first).toMatchObject({ KeyCount: 2, IsTruncated: true });
    const second = await list({ ContinuationToken: first.NextContinuationToken });
    expect(second.CommonPrefixes).toEqual([{ Prefix: 'g/' }]);
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(['h']);
    const third = await list({ ContinuationToken: second.NextContinuationToken });
    expect(third.Contents?.map(({ Key }) => Key)).toEqual(['z']);
    expect(third.IsTruncated).toBe(false);
    expect((await list({ StartAfter: 'h' })).Contents?.map(({ Key }) => Key)).toEqual(['z']);
    expect((await list({ Prefix: 'f/' })).Contents?.map(({ Key }) => Key)).toEqual(['f/1', 'f/2']);
    expect((await list({ MaxKeys: 1 })).Contents).toHaveLength(1);
    await expect(list({ ContinuationToken: 'bad' })).rejects.toMatchObject(code('InvalidArgument', 400));
  });

  test('encode keys where asked', async () => {
    const { client, server } = await start();
    await server.seed('models', 'a b+c/ü', 'x');
    const listed = await client.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url' }));
    expect(listed.Contents?.map(({ Key }) => Key)).toEqual(['a+b%2Bc/%C3%BC']);
  });
});

describe('files', () => {
  test('go when nothing needs them any more', async () => {
    const { client, server, files } = await start();
    await client.send(put('a', 'first'));
    await client.send(put('a', 'second'));
    expect(await files()).toHaveLength(1);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'b' }));
    const part = { Bucket, Key: 'b', UploadId, PartNumber: 1 };
    await client.send(new UploadPartCommand({ ...part, Body: 'one' }));
    await client.send(new UploadPartCommand({ ...part, Body: 'one again' }));
    expect(await files()).toHaveLength(2);
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'b', UploadId }));
    expect(await files()).toHaveLength(1);
    await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a' }, { Key: 'absent' }] } }),
    );
    expect(await files()).toEqual([]);
    expect(server.keys('models')).toEqual([]);
  });
});

test('a client that has gone before its request was looked at asked for nothing unknown', async () => {
  const { client, server } = await start({ faults: [{ on: 'PutObject', act: { kind: 'delay', ms: 100 } }] });
  const gone = { abortSignal: AbortSignal.timeout(30) };
  await expect(client.send(put('a', 'body'), gone)).rejects.toThrow('aborted');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(server.refusals).toEqual([]);
  expect(server.keys('models')).toEqual([]);
});

test('a bucket is there or not', async () => {
  const { client } = await start();
  await client.send(new HeadBucketCommand({ Bucket }));
  await expect(client.send(new HeadBucketCommand({ Bucket: 'other-bucket' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 404 },
  });
});

test('a sandbox that keeps only small objects counts the bytes of large ones, lists them and does not pretend to have them', async () => {
  const body = 'body'.repeat(20_000);
  const { client, server, files } = await start({ discards: true });
  const wrong = { ContentMD5: createHash('md5').update('other').digest('base64') };
  await client.send(put('a', body, wrong));
  await expect(client.send(put('small', 'body', wrong))).rejects.toMatchObject(code('BadDigest', 400));
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'a' }));
  expect(head).toMatchObject({
    ContentLength: body.length,
    ETag: expect.stringMatching(/^"mtime-/) as unknown,
  });
  const read = (Range?: string) => client.send(new GetObjectCommand({ Bucket, Key: 'a', Range }));
  const beginning = await read('bytes=4-65535');
  expect(await beginning.Body?.transformToString()).toBe(body.slice(4, 65_536));
  for (const range of [undefined, 'bytes=4-65536', 'bytes=70000-70001'])
    await expect(read(range)).rejects.toMatchObject(code('NotImplemented', 501));
  expect(await files()).toHaveLength(1);
  expect(server.keys('models')).toEqual(['a']);
});

test('of an object in parts it keeps the beginning of each', async () => {
  const { client } = await start({ discards: true });
  const part = (character: string) => character.repeat(6 * 2 ** 20);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a' }));
  const sent = ['a', 'b'].map(async (character, i) => {
    const own = { Bucket, Key: 'a', UploadId, PartNumber: i + 1 };
    const { ETag } = await client.send(new UploadPartCommand({ ...own, Body: part(character) }));
    return { ETag, PartNumber: i + 1 };
  });
  const MultipartUpload = { Parts: await Promise.all(sent) };
  await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'a', UploadId, MultipartUpload }));
  const read = (start: number, end: number) =>
    client.send(new GetObjectCommand({ Bucket, Key: 'a', Range: `bytes=${start}-${end - 1}` }));
  const second = 6 * 2 ** 20;
  expect(await (await read(second, second + 65_536)).Body?.transformToString()).toBe('b'.repeat(65_536));
  for (const [start, end] of [
    [0, 65_537],
    [second - 1, second + 1],
    [second + 65_536, second + 65_537],
  ] as const)
    await expect(read(start, end)).rejects.toMatchObject(code('NotImplemented', 501));
});
