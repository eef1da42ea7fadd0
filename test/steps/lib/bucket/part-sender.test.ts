import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createPartSender } from '../../../../steps/lib/bucket/part-sender.ts';

const timings = { connectMs: 5000, requestMs: 20_000, idleMs: 20_000 };

function open() {
  const network = { httpAgent: new http.Agent(), httpsAgent: new http.Agent() as never };
  onTestFinished(() => network.httpAgent.destroy());
  return createPartSender({ network, timings });
}

test('the digests are those of the bytes, and none that nobody wants', async () => {
  const sender = open();
  const wanted = fc.record({ crc32: fc.boolean(), sha256: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 10_000 }), wanted, async (bytes, wanted) => {
      const body = Buffer.from(bytes);
      const digest = await sender.digest(body, wanted);
      const checksum = digest.crc32 && Buffer.from(digest.crc32, 'base64').readUInt32BE();
      expect(checksum).toBe(wanted.crc32 ? crc32(body) : undefined);
      expect(digest.sha256).toBe(wanted.sha256 ? createHash('sha256').update(body).digest('hex') : undefined);
    }),
  );
});

test('sends a request as it is', async () => {
  const server = http.createServer((asked, answer) => {
    asked.resume().on('end', () => answer.writeHead(200, { etag: String(asked.headers['x-own']) }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const request = { protocol: 'http:', hostname: '127.0.0.1', port, method: 'PUT', path: '/a' };
  const headers = { 'content-length': '3', 'x-own': 'kept' };
  const answer = await open().send({ ...request, headers, body: Buffer.from('abc') });
  expect(answer).toMatchObject({ statusCode: 200, headers: { etag: 'kept' } });
});
