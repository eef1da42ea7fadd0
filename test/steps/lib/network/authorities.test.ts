import { X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { createLog } from '../../../../steps/lib/log.ts';
import { createNetwork } from '../../../../steps/lib/network.ts';
import { addAuthorities } from '../../../../steps/lib/network/authorities.ts';

describe('authorities', () => {
  test('are found in files and folders, each once, and not those that are known', async () => {
    const folder = await createFolder();
    const [one, two, three, known] = await Promise.all(['one', 'two', 'three', 'known'].map(createAuthority));
    await write(folder, 'a.crt', `# a comment\n${one?.pem}\n${known?.pem}\n`);
    await write(folder, 'b/b.pem', `${two?.pem}\r\n${one?.pem?.replaceAll('\n', '\r\n')}`);
    await write(folder, 'c/c.crt', `${three?.pem}`);
    await write(
      folder,
      'c/private.key',
      '-----BEGIN PRIVATE KEY-----\nnone of ours\n-----END PRIVATE KEY-----\n',
    );
    const env = {
      SSL_CERT_FILE: path.join(folder, 'a.crt'),
      SSL_CERT_DIR: [path.join(folder, 'b'), path.join(folder, 'missing')].join(':'),
      LLM_ROLLOUT_CA_DIR: path.join(folder, 'c'),
    };
    const added = await addAuthorities(env, [known?.pem ?? ''], createLines().log);
    expect(added.map(({ place }) => path.relative(folder, place))).toEqual(['c', 'a.crt', 'b']);
    expect(added.map(({ pem }) => pem.trim())).toEqual(
      [three, one, two].map((authority) => authority?.pem.trim()),
    );
  });

  test('a volume of a ConfigMap is read once, although the kubelet names each file twice', async () => {
    const folder = await createFolder();
    const { pem } = await createAuthority('mounted');
    await write(folder, '..2026_01_01/ca-bundle.crt', pem);
    await symlink('..2026_01_01', path.join(folder, '..data'));
    await symlink('..data/ca-bundle.crt', path.join(folder, 'ca-bundle.crt'));
    const added = await addAuthorities({ LLM_ROLLOUT_CA_DIR: folder }, [], createLines().log);
    expect(added).toHaveLength(1);
  });

  test('what is no certificate is left out, and said', async () => {
    const folder = await createFolder();
    await write(folder, 'broken.crt', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const { log, lines } = createLines();
    expect(await addAuthorities({ LLM_ROLLOUT_CA_DIR: folder }, [], log)).toEqual([]);
    expect(lines.join('')).toBe(`warn not a certificate, left out  place=${folder}\n`);
  });

  test('none of the places need exist', async () => {
    expect(
      await addAuthorities({ SSL_CERT_DIR: '/nowhere:', SSL_CERT_FILE: '' }, [], createLines().log),
    ).toEqual([]);
  });

  test('are trusted beside the usual ones, by the agent, by our fetch and by the global one; one line says so', async () => {
    const folder = await createFolder();
    const authority = await createAuthority('of the cluster');
    await write(folder, 'ca.crt', authority.pem);
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

function fingerprints(): Set<string> {
  return new Set(tls.getCACertificates('default').map((pem) => new X509Certificate(pem).fingerprint256));
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'authorities-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function write(folder: string, name: string, text: string): Promise<void> {
  const file = path.join(folder, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

function createLines() {
  const lines: string[] = [];
  return { lines, log: createLog({ write: (line) => lines.push(line), env: {}, step: 'test' }) };
}

async function serve(certificate: { cert: string; key: string }): Promise<string> {
  const server = createServer(certificate, (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
