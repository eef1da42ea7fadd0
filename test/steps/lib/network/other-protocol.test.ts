import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { expect, test } from 'vitest';
import { otherProtocol } from '../../../../steps/lib/network/other-protocol.ts';

test('a server that answers TLS with HTTP is one of another protocol', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const code = await new Promise((resolve) => {
    tls
      .connect({ host: '127.0.0.1', port })
      .on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  server.close();
  expect(otherProtocol).toContain(code);
});
