import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fault, FaultAct } from '../../../../sandbox/bucket/faults.ts';
import { openBucket } from '../open-bucket.ts';

const body = randomBytes(3_000_000);

describe('the object of an ETag', () => {
  test('is read as long as it is the one', async () => {
    const { bucket, server } = await openBucket();
    await server.seed('models', 'a', body);
    const etag = (await bucket.head('a'))?.etag ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of bucket.read('a', { start: 5, end: 70_000, etag })) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(body.subarray(5, 70_000))).toBe(true);
    await server.seed('models', 'a', randomBytes(3_000_000));
    await expect(
      bucket.read('a', { start: 5, end: 9, etag })[Symbol.asyncIterator]().next(),
    ).rejects.toMatchObject({
      failure: 'check',
      status: 412,
    });
  });

  test('is known by its own answer where a server reads no If-Match', async () => {
    const server = createServer((_, res) => {
      res
        .writeHead(206, { etag: '"other"', 'content-length': '4', 'content-range': 'bytes 5-8/20' })
        .end('abcd');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { open } = await openBucket();
    const bucket = open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const read = bucket.read('a', { start: 5, end: 9, etag: 'mine' });
    await expect(read[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      message: 'a has changed while it was read',
      evidence: [expect.stringContaining('wanted ETag "mine", got "other"')],
      status: 412,
    });
  });
});

describe('reading', () => {
  test.each(['cut', 'stall'] as const)('F25: a body with a %s goes on where it stopped', async (kind) => {
    const faults: Fault[] = [
      { on: 'GetObject', nth: 1, act: { kind, bytes: 1_000_000 } },
      { on: 'GetObject', nth: 2, act: { kind, bytes: 700_000 } },
    ];
    const { bucket, server, lines } = await openBucket({ faults, timings: { stallMs: 150 } });
    await server.seed('models', 'a', body);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
    const [first, ...later] = server.requests.map(({ headers }) => headers['range']);
    expect(first).toBeUndefined();
    expect(later).toHaveLength(2);
    for (const range of later) expect(range).toMatch(/^bytes=[1-9]\d*-2999999$/);
    expect(lines.join('')).toContain('reading on  for="GET a"');
  });

  test.each(['reset', 'silence'] as const)('F25: %s instead of an answer is asked again', async (kind) => {
    const faults: Fault[] = [{ on: 'GetObject', times: 2, act: { kind } }];
    const { bucket, server } = await openBucket({ faults, timings: { idleMs: 100 } });
    await server.seed('models', 'a', body);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
  });

  test('F25: an error whose words never end is asked again', async () => {
    const server = createServer((_, res) => {
      res.writeHead(500, { 'content-type': 'application/xml', 'content-length': '500' });
      res.write('<?xml version="1.0"?><Error><Code>Internal');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { open } = await openBucket({ timings: { idleMs: 60, attempts: 3 } });
    const bucket = open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await expect(bucket.get('a')).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringContaining('does not answer, or breaks off'),
    });
    await expect(bucket.put('a', body)).rejects.toMatchObject({ failure: 'unavailable' });
  });

  test('F25: a body that never gets further is given up', async () => {
    const faults: Fault[] = [{ on: 'GetObject', times: Infinity, act: { kind: 'cut', bytes: 0 } }];
    const { bucket, server, waits } = await openBucket({ faults });
    await server.seed('models', 'a', body);
    await expect(bucket.get('a')).rejects.toMatchObject({ failure: 'unavailable' });
    expect(waits).toHaveLength(7);
  });

  test('F25: attempts start anew with every byte that came', async () => {
    const faults: Fault[] = [{ on: 'GetObject', times: 20, act: { kind: 'cut', bytes: 70_000 } }];
    const { bucket, server } = await openBucket({ faults, timings: { attempts: 2 } });
    await server.seed('models', 'a', body);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
  });

  test('F36: an object that is replaced while it is read is not mixed', async () => {
    const faults: Fault[] = [{ on: 'GetObject', act: { kind: 'cut', bytes: 100_000 } }];
    const { bucket, server } = await openBucket({ faults });
    await server.seed('models', 'a', body);
    const reading = async () => {
      for await (const _ of bucket.read('a')) await server.seed('models', 'a', randomBytes(body.length));
    };
    await expect(reading()).rejects.toMatchObject({ failure: 'check', status: 412 });
  });

  test.each<[string, FaultAct]>([
    ['a Range that is ignored', { kind: 'header', name: 'content-range', value: '' }],
    ['a Range of another place', { kind: 'header', name: 'content-range', value: 'bytes 0-9/3000000' }],
  ])('F4, F5: %s is an error, never bytes', async (_, act) => {
    const { bucket, server } = await openBucket({ faults: [{ on: 'GetObject', act }] });
    await server.seed('models', 'a', body);
    const chunks: Buffer[] = [];
    const reading = async () => {
      for await (const chunk of bucket.read('a', { start: 10, end: 20 })) chunks.push(chunk);
    };
    await expect(reading()).rejects.toMatchObject({ failure: 'check', code: 'WrongRange' });
    expect(chunks).toEqual([]);
  });

  test('a slow reader is not taken for a stalled server', async () => {
    const { bucket, server } = await openBucket({ timings: { stallMs: 300, idleMs: 300 } });
    await server.seed('models', 'a', body);
    const chunks: Buffer[] = [];
    for await (const chunk of bucket.read('a')) {
      if (chunks.length < 3) await new Promise((resolve) => setTimeout(resolve, 400));
      chunks.push(chunk);
    }
    expect(Buffer.concat(chunks).equals(body)).toBe(true);
    expect(server.requests).toHaveLength(1);
  });

  test('F25: a body that trickles is given up, whatever each attempt still brings', async () => {
    const server = createServer((req, res) => {
      const start = Number(/^bytes=(\d+)-/.exec(req.headers.range ?? '')?.[1] ?? 0);
      const range = `bytes ${start}-999999/1000000`;
      const head = { etag: '"e"', 'content-length': `${1_000_000 - start}`, 'content-range': range };
      res.writeHead(start > 0 ? 206 : 200, head);
      const timer = setInterval(() => res.write('x'), 10);
      res.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { open, waits } = await openBucket({ timings: { slowMs: 100, attempts: 3 } });
    const bucket = open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    await expect(bucket.get('a')).rejects.toMatchObject({
      failure: 'unavailable',
      evidence: [expect.stringMatching(/ETIMEDOUT no more than \d+ bytes in 0 s/)],
    });
    expect(waits).toHaveLength(2);
  });

  test('an abort in the middle ends the reading with the reason of the signal', async () => {
    const faults: Fault[] = [{ on: 'GetObject', times: Infinity, act: { kind: 'stall', bytes: 65_536 } }];
    const { bucket, server } = await openBucket({ faults });
    await server.seed('models', 'a', body);
    const stop = new AbortController();
    const reason = new Error('stopped');
    const reading = async () => {
      for await (const _ of bucket.read('a', undefined, stop.signal)) stop.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
  });

  test('property: any range comes back exactly, wherever the connection breaks', async () => {
    const faults: Fault[] = [];
    const { bucket, server } = await openBucket({ faults });
    const small = randomBytes(50_000);
    await server.seed('models', 'a', small);
    const offset = fc.nat(small.length);
    await fc.assert(
      fc.asyncProperty(offset, offset, fc.array(fc.nat(60_000), { maxLength: 4 }), async (a, b, cuts) => {
        const start = Math.min(a, b);
        const end = Math.max(a, b);
        faults.length = 0;
        faults.push(
          ...cuts.map((bytes, i): Fault => ({ on: 'GetObject', nth: i + 1, act: { kind: 'cut', bytes } })),
        );
        const chunks: Buffer[] = [];
        for await (const chunk of bucket.read('a', { start, end })) chunks.push(chunk);
        expect(Buffer.concat(chunks).equals(small.subarray(start, end))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe('an answer that names no length', () => {
  const invalid = '<Error><Code>InvalidRange</Code><Message>The range is not satisfiable</Message></Error>';
  /** An object that every server in between gives in chunks, and the first answer breaks off. */
  async function inChunks(object: Buffer, breaksAt?: number) {
    const ranges: (string | undefined)[] = [];
    const server = createServer((req, res) => {
      ranges.push(req.headers.range);
      const start = Number(/^bytes=(\d+)-$/.exec(req.headers.range ?? '')?.[1] ?? 0);
      if (start >= object.length)
        return res.writeHead(416, { 'content-type': 'application/xml' }).end(invalid);
      const range = `bytes ${start}-${object.length - 1}/${object.length}`;
      res.writeHead(start > 0 ? 206 : 200, { etag: '"e"', ...(start > 0 && { 'content-range': range }) });
      if (start > 0 || breaksAt === undefined) return res.end(object.subarray(start));
      return res.write(object.subarray(0, breaksAt), () => setTimeout(() => res.destroy(), 20));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { open } = await openBucket();
    const { port } = server.address() as AddressInfo;
    return { bucket: open({ AWS_S3_ENDPOINT: `http://127.0.0.1:${port}` }), ranges };
  }

  test('is read to its end', async () => {
    const { bucket } = await inChunks(body);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
  });

  test('has come to its end where it broke off after the last byte', async () => {
    const { bucket, ranges } = await inChunks(body, body.length);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
    expect(ranges).toEqual([undefined, `bytes=${body.length}-`]);
  });

  test('goes on where it broke off', async () => {
    const { bucket, ranges } = await inChunks(body, 70_000);
    expect((await bucket.get('a'))?.equals(body)).toBe(true);
    expect(ranges).toEqual([undefined, 'bytes=70000-']);
  });
});

test('of a range without bytes nothing is asked', async () => {
  const { bucket, server } = await openBucket();
  const chunks: Buffer[] = [];
  for await (const chunk of bucket.read('a', { start: 5, end: 5 })) chunks.push(chunk);
  expect(chunks).toEqual([]);
  expect(server.requests).toEqual([]);
});
