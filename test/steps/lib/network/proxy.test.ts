import { createServer, request as forward } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { startHub } from '../../../../sandbox/hub.ts';
import { createRepo } from '../../../../sandbox/hub/repo.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';
import { readProxies, translateBypass } from '../../../../steps/lib/network/proxy.ts';

describe('NO_PROXY in the words of Node', () => {
  test.each([
    ['172.30.0.0/16', ['172.30.0.0-172.30.255.255']],
    ['10.128.0.0/14', ['10.128.0.0-10.131.255.255']],
    ['10.129.7.9/14', ['10.128.0.0-10.131.255.255']],
    ['192.168.1.7/32', ['192.168.1.7-192.168.1.7']],
    ['0.0.0.0/0', ['0.0.0.0-255.255.255.255']],
    ['255.255.255.255/1', ['128.0.0.0-255.255.255.255']],
    ['10.9.*', ['10.9.0.0-10.9.255.255']],
    ['10.*', ['10.0.0.0-10.255.255.255']],
    ['10.9.8.*', ['10.9.8.0-10.9.8.255']],
    ['10.9.*.*', ['10.9.0.0-10.9.255.255']],
    ['.svc', ['.svc']],
    ['*.corp.example', ['*.corp.example']],
    ['corp.example', ['corp.example', '.corp.example']],
    ['corp.example:8443', ['corp.example:8443']],
    ['10.0.0.1', ['10.0.0.1']],
    ['10.0.0.1-10.0.0.9', ['10.0.0.1-10.0.0.9', '.10.0.0.1-10.0.0.9']],
    ['fd02::1', ['fd02::1']],
    ['*', ['*']],
    [' .svc , .cluster.local\t', ['.svc', '.cluster.local']],
  ])('%j', (given, entries) => {
    expect(translateBypass(given)).toEqual({ entries, ignored: [] });
  });

  test.each(['fd02::/112', '10.0.0.0/33', '10.0.0.0/x', '10.0/8'])(
    '%s is named as not understood',
    (entry) => {
      expect(translateBypass(entry)).toEqual({ entries: [], ignored: [entry] });
    },
  );
});

describe('the proxy variables', () => {
  test('lower case wins, passwords are for the proxy alone, and a bare address gets its scheme', () => {
    const proxies = readProxies({
      HTTPS_PROXY: 'http://upper:3128',
      https_proxy: 'http://me:pass%40word@lower:3128/',
      HTTP_PROXY: 'proxy.corp:3128',
      NO_PROXY: '.svc',
    });
    expect(proxies).toMatchObject({
      https: 'http://lower:3128',
      http: 'http://proxy.corp:3128',
      bypass: '.svc',
      env: { HTTPS_PROXY: 'http://me:pass%40word@lower:3128/', HTTP_PROXY: 'http://proxy.corp:3128/' },
      passwords: ['pass@word'],
    });
    const { env, passwords: _, ...shown } = proxies;
    expect(env.NO_PROXY).toMatch(/(^|,)\.svc$/);
    expect(JSON.stringify(shown)).not.toContain('word');
  });

  test.each(['socks5://me:secret@proxy:1080', 'http://me:secret@:3128', 'http://me:secret@proxy:99999'])(
    '%s is refused, without showing it',
    (address) => {
      expect(() => readProxies({ HTTPS_PROXY: address })).toThrow(
        expect.objectContaining({
          failure: 'usage',
          message: 'HTTPS_PROXY holds no address of a proxy that we can use',
          evidence: [expect.not.stringContaining('secret')],
        }),
      );
    },
  );

  test('none at all is none', () => {
    expect(readProxies({ NO_PROXY: '.svc', HTTPS_PROXY: '' })).toEqual({
      env: {},
      ignored: [],
      passwords: [],
    });
  });
});

describe('through a real proxy', () => {
  test('https goes through CONNECT, by fetch and by the agent; the certificate is checked by its name', async () => {
    const { proxy, network, hub, lines } = await setUp({ names: ['hub.example'] });
    const url = hub.url.replace('localhost', 'hub.example');
    const response = await network.fetch(`${url}/api/models/openai/x`);
    expect(await response.json()).toMatchObject({ id: 'openai/x' });
    const asked = proxy.seen;
    expect(asked).toEqual([`CONNECT ${new URL(url).host}`]);
    expect(lines.join('')).toContain(`https-proxy=http://127.0.0.1:${proxy.port}`);
    // A name that the certificate does not have is refused, although the tunnel leads to the same server.
    await expect(network.fetch(url.replace('hub.example', 'other.example'))).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  test('plain http is handed to it whole', async () => {
    const { proxy, network, hub } = await setUp();
    const { port } = new URL(hub.url);
    const response = await network.fetch(`http://hub.example:${port}/api/models/openai/x`);
    expect(response.status).toBe(200);
    expect(proxy.seen).toEqual([`GET http://hub.example:${port}/api/models/openai/x`]);
  });

  test('name and password of the proxy are sent to it and are in no line', async () => {
    const { proxy, network, hub, lines } = await setUp({
      names: ['hub.example'],
      credentials: 'me:pass%40word',
    });
    await network.fetch(`${hub.url.replace('localhost', 'hub.example')}/api/models/openai/x`);
    expect(proxy.credentials).toEqual([`Basic ${btoa('me:pass@word')}`]);
    expect(lines.join('')).toContain('https-proxy=http://127.0.0.1');
    expect(lines.join('')).not.toMatch(/pass%40word|pass@word/);
  });

  // 0.0.0.0 is this machine too, yet no name for loopback: so a direct connection arrives.
  test.each(['0.0.0.0/8', '0.0.*', '0.0.0.0', '*'])(
    'NO_PROXY=%s leads around it, for an address',
    async (bypass) => {
      const { proxy, network, hub } = await setUp({ bypass });
      const { port } = new URL(hub.url);
      expect((await network.fetch(`http://0.0.0.0:${port}/api/models/openai/x`)).status).toBe(200);
      expect(proxy.seen).toEqual([]);
    },
  );

  test.each(['1.0.0.0/8', '10.0.*', ''])('NO_PROXY=%s does not', async (bypass) => {
    const { proxy, network, hub } = await setUp({ bypass });
    const { port } = new URL(hub.url);
    expect((await network.fetch(`http://0.0.0.0:${port}/api/models/openai/x`)).status).toBe(200);
    expect(proxy.seen).toEqual([`GET http://0.0.0.0:${port}/api/models/openai/x`]);
  });

  test('loopback never goes through it', async () => {
    const { proxy, network, hub } = await setUp();
    expect((await network.fetch(`${hub.url}/api/models/openai/x`)).status).toBe(200);
    expect(proxy.seen).toEqual([]);
  });
});

interface SetUp {
  /** With them the Hub speaks https, under these names. */
  readonly names?: readonly string[];
  readonly bypass?: string;
  readonly credentials?: string;
}

async function setUp({ names, bypass = '', credentials }: SetUp = {}) {
  const authority = names && (await createAuthority('behind the proxy'));
  if (authority) tls.setDefaultCACertificates([...tls.getCACertificates('default'), authority.pem]);
  const certificate = authority && (await authority.issue(names ?? []));
  const repo = createRepo({ id: 'openai/x', files: { 'config.json': '{}' } });
  const hub = await startHub({ repos: [repo], ...(certificate ? { tls: certificate } : {}) });
  const proxy = await startProxy();
  const lines: string[] = [];
  const address = `http://${credentials ? `${credentials}@` : ''}127.0.0.1:${proxy.port}`;
  const network = await createNetwork({
    env: { HTTPS_PROXY: address, HTTP_PROXY: address, NO_PROXY: bypass },
    log: createLog({ write: (line) => lines.push(line), env: {}, step: 'test' }),
  });
  onTestFinished(async () => {
    network.close();
    await Promise.all([hub.close(), proxy.close()]);
  });
  return { proxy, network, hub, lines };
}

/** A forward proxy for which every name is this machine. */
async function startProxy() {
  const seen: string[] = [];
  const credentials: (string | undefined)[] = [];
  const tunnels = new Set<Duplex>();
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    const { port, pathname } = new URL(request.url ?? '');
    const onward = forward({ host: '127.0.0.1', port, path: pathname, headers: { host: 'x' } }, (answer) => {
      void text(answer).then((body) => response.writeHead(answer.statusCode ?? 0).end(body));
    });
    onward.end();
  });
  server.on('connect', (request, client) => {
    seen.push(`CONNECT ${request.url}`);
    credentials.push(request.headers['proxy-authorization']);
    const port = Number(request.url?.split(':')[1]);
    const onward = connect(port, '127.0.0.1', () =>
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n'),
    );
    onward.pipe(client).pipe(onward);
    for (const socket of [client, onward]) {
      tunnels.add(socket);
      socket.on('error', () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    seen,
    credentials,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of tunnels) socket.destroy();
      }),
  };
}
