import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../sandbox/certificates.ts';
import { createRepo } from '../../../../sandbox/hub/repo.ts';
import { collect, model, putToWork, weights } from './at-work.ts';

describe('F19 a Hub out of reach', () => {
  test('refused: tried again, then told', async () => {
    const port = await freePort();
    const { hub, sleeps } = await putToWork({ endpoint: () => `http://127.0.0.1:${port}` });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'unavailable',
      message: `127.0.0.1:${port} refuses the connection`,
      evidence: [expect.stringContaining('ECONNREFUSED')],
    });
    expect(sleeps).toHaveLength(7);
  });

  test('no such name: tried again, then told', async () => {
    const { hub, sleeps } = await putToWork({
      endpoint: () => 'https://hub.invalid',
      timings: { attempts: 2 },
    });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'unavailable',
      message: 'hub.invalid has no address here (DNS)',
      hint: expect.stringContaining('HTTPS_PROXY'),
    });
    expect(sleeps).toHaveLength(1);
  });

  test('a certificate that nobody trusts: told at once, with how to trust it', async () => {
    const authority = await createAuthority('nobody knows it');
    const { hub, sleeps, fake } = await putToWork({ tls: await authority.issue(['localhost']) });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'refused',
      message: `${new URL(fake.url).host} shows a certificate of an authority that nobody here trusts`,
      evidence: [expect.stringContaining('SELF_SIGNED_CERT_IN_CHAIN')],
      hint: expect.stringMatching(/oc create configmap trusted-ca .*inject-trusted-cabundle/),
    });
    expect(sleeps).toEqual([]);
  });

  test('an expired certificate: told at once', async () => {
    const authority = await createAuthority('trusted');
    trust(authority.pem);
    const expired = { notBefore: new Date(0), notAfter: new Date(86_400_000) };
    const { hub } = await putToWork({ tls: await authority.issue(['localhost'], expired) });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('has expired'),
    });
  });

  test('http on the port of https: told at once', async () => {
    const { hub, sleeps } = await putToWork({ endpoint: ({ url }) => url.replace('http:', 'https:') });
    await expect(hub.resolveRevision(model, 'main')).rejects.toMatchObject({
      failure: 'refused',
      message: expect.stringContaining('does not speak TLS as we do'),
    });
    expect(sleeps).toEqual([]);
  });

  test('over https, with the authority, everything works', async () => {
    const authority = await createAuthority('trusted too');
    trust(authority.pem);
    const { read, fake } = await putToWork({ tls: await authority.issue(['localhost']) });
    expect(fake.url).toMatch(/^https:/);
    expect(weights.equals(await read('model.safetensors'))).toBe(true);
  });
});

describe('F22 sizes', () => {
  const sizes = { empty: 0, one: 1, part: 65_536, 'part and one': 65_537 };
  const files = Object.fromEntries(
    Object.entries(sizes).map(([path, size]) => [path, Buffer.alloc(size, path)] as const),
  );

  test.each(Object.entries(sizes))('%s: %i bytes', async (path, size) => {
    const repo = createRepo({ id: model, files });
    const { hub, fake } = await putToWork({ repos: [repo] });
    const file = (await hub.listFiles(model, repo.commit)).find((entry) => entry.path === path);
    if (!file) throw new Error('not listed');
    const asked = fake.requests.length;
    const bytes = await collect(hub.readRange({ model, commit: repo.commit, file, start: 0, end: size }));
    expect(bytes).toEqual(files[path]);
    // Nothing is asked for nothing: a range of no bytes cannot even be written.
    expect(fake.requests.length - asked).toBe(size === 0 ? 0 : 2);
  });

  test('an end beyond 5 GiB, and beyond 32 bits', async () => {
    const size = 6 * 1024 ** 3 + 1;
    const read = (start: number, end: number) =>
      Buffer.from(`${start}`.padEnd(end - start).slice(0, end - start));
    const repo = createRepo({
      id: model,
      files: { large: { size, sha256: 'ab'.repeat(32), gitSha1: 'cd'.repeat(20), read } },
    });
    const { hub } = await putToWork({ repos: [repo] });
    const [file] = await hub.listFiles(model, repo.commit);
    if (!file) throw new Error('not listed');
    expect(file.size).toBe(size);
    const start = 6 * 1024 ** 3 - 20;
    const bytes = await collect(hub.readRange({ model, commit: repo.commit, file, start, end: size }));
    expect(String(bytes)).toBe(String(start).padEnd(21));
  });

  test.each([
    [-1, 1],
    [2, 1],
    [0, 26],
    [0.5, 1],
    [0, Number.NaN],
  ])('a range from %d to %d of 25 bytes is a mistake of ours', async (start, end) => {
    const { hub, commit } = await putToWork();
    const file = { path: 'config.json', size: 25, gitSha1: 'a'.repeat(40) };
    await expect(collect(hub.readRange({ model, commit, file, start, end }))).rejects.toThrow(RangeError);
  });
});

function trust(pem: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates('default'), pem]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
