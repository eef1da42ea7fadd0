import https from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { codeOfConnection, otherProtocol } from '../../../../steps/lib/network/other-protocol.ts';

const alert = (number: number) => Buffer.from([21, 3, 3, 0, 2, 2, number]);

/** What a server says to each connection, and the two ways to fail over it: a request waits for the handshake, or none. */
const ways = [
  ['tls', (port: number) => tls.connect({ host: '127.0.0.1', port })],
  ['https', (port: number) => https.get({ host: '127.0.0.1', port })],
] as const;

describe.each(ways)('over %s', (_, connect) => {
  test.each([
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), true],
    ['that it knows no such version', alert(70), true],
    ['that nothing suits both', alert(40), true],
    ['that it broke', alert(80), false],
    ['that a record was damaged', alert(20), false],
  ])('a server that answers TLS with %s: another protocol, %s', async (_, said, expected) => {
    const server = createServer((socket) =>
      socket.on('error', () => {}).once('data', () => socket.end(said)),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const code = await new Promise<string>((resolve) => {
      connect(port).on('error', (error: NodeJS.ErrnoException) => {
        resolve(codeOfConnection({ code: error.code ?? '', message: error.message }));
      });
    });
    expect(code).toMatch(/^ERR_SSL_/);
    expect(otherProtocol.has(code)).toBe(expected);
  });
});
