import net from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '../../../sandbox/bucket/faults.ts';
import { openBucket, uploadParts } from './open-bucket.ts';

const body = Buffer.from('the bytes of a part');
const busy = (status: number, code: string, times: number, headers = {}): Fault => ({
  on: 'UploadPart',
  times,
  act: { kind: 'answer', status, code, headers },
});

describe('a part', () => {
  test.each([
    [503, 'SlowDown'],
    [429, 'TooManyRequests'],
    [503, 'ServiceUnavailable'],
  ])('F24: %i %s five times is waited out, and whoever sends is told to slow down', async (status, code) => {
    const { bucket, slowDowns, waits, server } = await openBucket({ faults: [busy(status, code, 5)] });
    const upload = await uploadParts(bucket, 'a', [body]);
    await bucket.completeUpload(upload);
    expect(slowDowns()).toBe(5);
    expect(waits).toHaveLength(5);
    expect(server.requests.filter(({ operation }) => operation === 'UploadPart')).toHaveLength(6);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
  });

  test('F24: 503 for ever is given up after eight attempts', async () => {
    const { bucket, waits } = await openBucket({ faults: [busy(503, 'SlowDown', Infinity)] });
    const uploadId = await bucket.createUpload('a');
    const sending = bucket.uploadPart({ key: 'a', uploadId, partNumber: 1, body });
    await expect(sending).rejects.toMatchObject({ failure: 'unavailable', code: 'SlowDown' });
    expect(waits).toHaveLength(7);
  });

  test('F24: Retry-After is obeyed to the second and costs no attempt', async () => {
    const faults = [busy(503, 'SlowDown', 20, { 'retry-after': '7' })];
    const { bucket, waits } = await openBucket({ faults });
    await uploadParts(bucket, 'a', [body]);
    expect(waits).toEqual(Array.from({ length: 20 }, () => 7000));
  });

  test('F24: a server that asks for more patience than there is is given up', async () => {
    const faults = [busy(503, 'SlowDown', Infinity, { 'retry-after': '86400' })];
    const { bucket, waits } = await openBucket({ faults });
    await expect(uploadParts(bucket, 'a', [body])).rejects.toMatchObject({ failure: 'unavailable' });
    expect(waits).toEqual([]);
  });

  test.each([500, 502, 503, 504, 408])('F24: %i is tried again', async (status) => {
    const { bucket } = await openBucket({ faults: [busy(status, 'InternalError', 3)] });
    await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
  });

  test.each(['reset', 'silence'] as const)('F25: a connection with %s is made anew', async (kind) => {
    const faults: Fault[] = [{ on: 'UploadPart', times: 2, act: { kind } }];
    const { bucket } = await openBucket({ faults, timings: { idleMs: 150 } });
    await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
  });

  test.each(['reset', 'silence'] as const)(
    'F25: %s after the part was stored stores it once',
    async (kind) => {
      const faults: Fault[] = [{ on: 'UploadPart', act: { kind, after: true } }];
      const { bucket } = await openBucket({ faults, timings: { idleMs: 150 } });
      const upload = await uploadParts(bucket, 'a', [body]);
      expect(await bucket.listParts('a', upload.uploadId)).toHaveLength(1);
      await bucket.completeUpload(upload);
      expect((await bucket.get('a'))?.equals(body)).toBe(true);
    },
  );

  test('F25: silence for ever ends with what to look at', async () => {
    const faults: Fault[] = [{ on: 'UploadPart', times: Infinity, act: { kind: 'silence' } }];
    const { bucket } = await openBucket({ faults, timings: { idleMs: 50, attempts: 3 } });
    await expect(uploadParts(bucket, 'a', [body])).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('does not answer'),
      hint: expect.stringContaining('networkpolicy'),
    });
  });

  test('F25: a request as a whole has an end, though bytes trickle', async () => {
    const faults: Fault[] = [{ on: 'UploadPart', act: { kind: 'silence' } }];
    const { bucket, lines } = await openBucket({ faults, timings: { requestMs: 100 } });
    await uploadParts(bucket, 'a', [body]);
    expect(lines.join('')).toContain('ETIMEDOUT');
  });

  test.each(['BadDigest', 'InvalidDigest', 'XAmzContentSHA256Mismatch'])(
    'F26: %s is tried once more with the same bytes',
    async (code) => {
      const { bucket } = await openBucket({ faults: [busy(400, code, 1)] });
      await bucket.completeUpload(await uploadParts(bucket, 'a', [body]));
      expect((await bucket.get('a'))?.equals(body)).toBe(true);
    },
  );

  test('F26: BadDigest twice is a failure', async () => {
    const { bucket, server } = await openBucket({ faults: [busy(400, 'BadDigest', Infinity)] });
    await expect(uploadParts(bucket, 'a', [body])).rejects.toMatchObject({
      failure: 'check',
      code: 'BadDigest',
    });
    expect(server.requests.filter(({ operation }) => operation === 'UploadPart')).toHaveLength(2);
  });
});

describe('a byte that changes on the way', () => {
  /** Flips one byte of the first thing that is longer than headers are. */
  const startProxy = async (target: string) => {
    const { port } = new URL(target);
    let spoiled = false;
    const server = net.createServer((client) => {
      const upstream = net.connect(Number(port), '127.0.0.1');
      upstream.pipe(client);
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
      client.on('data', (chunk) => {
        if (!spoiled && chunk.length > 8_000) {
          spoiled = true;
          chunk[7_000] = (chunk[7_000] ?? 0) ^ 1;
        }
        upstream.write(chunk);
      });
      client.on('end', () => upstream.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  };

  test.each([
    ['aws', 'XAmzContentSHA256Mismatch'],
    ['rgw', 'XAmzContentSHA256Mismatch'],
    ['versitygw', 'XAmzContentSHA256Mismatch'],
  ] as const)('F26: is found by %s, and the part sent again', async (dialect, code) => {
    const { server, open, lines } = await openBucket({ dialect });
    const bucket = open({ AWS_S3_ENDPOINT: await startProxy(server.url) });
    const large = Buffer.alloc(20_000, 'a');
    await bucket.completeUpload(await uploadParts(bucket, 'a', [large]));
    expect(server.requests.map((request) => request.code)).toContain(code);
    expect(lines.join('')).toContain('asking S3 again  for="PUT a, part 1"');
    expect((await bucket.get('a'))?.equals(large)).toBe(true);
  });
});

describe('a server that refuses before it has read the part', () => {
  const xml = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>no</Message></Error>';
  const answer = `HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: ${xml.length}\r\nconnection: close\r\n\r\n${xml}`;

  test.each<[string, (socket: net.Socket) => unknown]>([
    ['breaks the connection', (socket) => socket.destroy()],
    ['ends the connection', (socket) => socket.end()],
    ['reads no more', (socket) => socket.pause()],
  ])('F31: and then %s is understood', async (_, next) => {
    const sockets = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => socket.write(answer, () => next(socket)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const { open } = await openBucket();
    const { port } = server.address() as net.AddressInfo;
    const bucket = open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${port}` });
    const part = { key: 'a', uploadId: 'u', partNumber: 1, body: Buffer.alloc(16 * 1024 ** 2) };
    await expect(bucket.uploadPart(part)).rejects.toMatchObject({ failure: 'refused', code: 'AccessDenied' });
  });
});

describe('aborting', () => {
  test('F29: a copy that fails and cannot be aborted tells why it failed, and what stays behind', async () => {
    const faults: Fault[] = [
      { on: 'UploadPartCopy', times: Infinity, act: { kind: 'answer', status: 403, code: 'AccessDenied' } },
      {
        on: 'AbortMultipartUpload',
        times: Infinity,
        act: { kind: 'answer', status: 500, code: 'InternalError' },
      },
    ];
    const { server, open, lines } = await openBucket({ faults });
    await server.seed('models', 'source', Buffer.alloc(64));
    const bucket = open({}, { attempts: 2 });
    const from = await bucket.head('source');
    if (!from) throw new Error('not seeded');
    await expect(bucket.copy({ ...from, size: 6 * 1024 ** 3 }, 'copy')).rejects.toMatchObject({
      code: 'AccessDenied',
    });
    expect(lines.join('')).toMatch(/a pending upload stays behind {2}key=copy upload-id=\S+/);
  });

  test('F29: an abort that fails is an error of its own', async () => {
    const faults: Fault[] = [
      {
        on: 'AbortMultipartUpload',
        times: Infinity,
        act: { kind: 'answer', status: 403, code: 'AccessDenied' },
      },
    ];
    const { bucket } = await openBucket({ faults });
    const uploadId = await bucket.createUpload('a');
    await expect(bucket.abortUpload('a', uploadId)).rejects.toMatchObject({
      code: 'AccessDenied',
      hint: expect.stringContaining('s3:AbortMultipartUpload'),
    });
  });
});
