import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { openBucket } from '../open-bucket.ts';

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
      /ca-configmap names: oc create configmap trusted-ca /,
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

  test('a server that breaks off each handshake is asked again, and called silent', async () => {
    const internalError = Buffer.from([21, 3, 3, 0, 2, 2, 80]);
    const server = net.createServer((socket) => socket.once('data', () => socket.end(internalError)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { open, waits } = await openBucket();
    const { port } = server.address() as AddressInfo;
    const bucket = open({ AWS_S3_ENDPOINT: `https://127.0.0.1:${port}` }, { attempts: 3 });
    await expect(bucket.list('')).rejects.toMatchObject({
      failure: 'unavailable',
      message: expect.stringMatching(/does not answer, or breaks off: /),
    });
    expect(waits).toHaveLength(2);
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
});
