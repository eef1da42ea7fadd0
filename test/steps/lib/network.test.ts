import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as forward } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../sandbox/certificates.ts';
import { startHub } from '../../../sandbox/hub.ts';
import { createRepo } from '../../../sandbox/hub/repo.ts';
import { createLog } from '../../../steps/lib/log.ts';
import { createNetwork } from '../../../steps/lib/network.ts';

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

  test('a neighbour in the namespace is not asked for through it, whatever NO_PROXY says', async () => {
    const { proxy, network } = await setUp({ bypass: '.svc,.cluster.local' });
    await expect(network.fetch('http://el-llm-rollout:8080', { method: 'POST' })).rejects.toThrow(
      'el-llm-rollout',
    );
    expect(proxy.seen).toEqual([]);
  });

  test('loopback never goes through it', async () => {
    const { proxy, network, hub } = await setUp();
    expect((await network.fetch(`${hub.url}/api/models/openai/x`)).status).toBe(200);
    expect(proxy.seen).toEqual([]);
  });
});

describe('authorities of the cluster', () => {
  test('are trusted beside the usual ones, by the agent, by our fetch and by the global one; one line says so', async () => {
    const folder = await createFolder();
    const authority = await createAuthority('of the cluster');
    await writeFile(path.join(folder, 'ca.crt'), authority.pem);
    const url = await serve(await authority.issue(['127.0.0.1']));
    const { log, lines } = createLines();
    const before = fingerprints();
    const without = await createNetwork({ env: {}, log: createLines().log });
    await expect(without.fetch(url)).rejects.toMatchObject({ code: 'SELF_SIGNED_CERT_IN_CHAIN' });
    const network = await createNetwork({ env: { LLM_ROLLOUT_CA_DIR: folder }, log });
    onTestFinished(() => {
      network.close();
      without.close();
    });
    expect(await (await network.fetch(url)).text()).toBe('hello');
    expect(await (await fetch(url)).text()).toBe('hello');
    const after = fingerprints();
    expect([...before].filter((fingerprint) => !after.has(fingerprint))).toEqual([]);
    expect(after.size).toBe(before.size + 1);
    expect(lines.join('')).toBe(
      `network  https-proxy=none http-proxy=none extra-authorities=1 from=${folder}\n`,
    );
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

function fingerprints(): Set<string> {
  return new Set(tls.getCACertificates('default').map((pem) => new X509Certificate(pem).fingerprint256));
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'network-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function serve(certificate: { cert: string; key: string }): Promise<string> {
  const server = createSecureServer(certificate, (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function createLines() {
  const lines: string[] = [];
  return { lines, log: createLog({ write: (line) => lines.push(line), env: {}, step: 'test' }) };
}
