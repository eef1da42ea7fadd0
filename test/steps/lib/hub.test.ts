import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { describe, expect, test } from 'vitest';
import { createAuthority } from '../../../sandbox/certificates.ts';
import { model, putToWork, weights } from './hub/at-work.ts';

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

describe('an endpoint of its own', () => {
  test('keeps its path, and says when what goes there can be read on the way', async () => {
    const { hub, lines } = await putToWork({ endpoint: () => 'http://mirror.invalid/hf/' });
    expect(hub.endpoint).toBe('http://mirror.invalid/hf');
    expect(lines.join('')).toMatch(/plain http, .*endpoint=mirror\.invalid/);
  });

  test.each(['ftp://hub.example', 'hub.example', 'https://me:secret@hub.example'])(
    '%s is none',
    async (endpoint) => {
      await expect(putToWork({ endpoint: () => endpoint })).rejects.toMatchObject({ failure: 'usage' });
    },
  );
});

describe('stopping', () => {
  test('a run that is stopped ends with its own reason, from a wait as from a body', async () => {
    const stopped = new Error('stopped');
    const work = await putToWork({
      faults: [{ at: 'cdn', effect: { kind: 'stall', after: 10 }, times: Infinity }],
    });
    const controller = new AbortController();
    const file = await work.file('model.safetensors');
    const range = { model, commit: work.commit, file, start: 0, end: file.size };
    const read = async () => {
      for await (const chunk of work.hub.readRange(range, controller.signal))
        if (chunk.length > 0) controller.abort(stopped);
    };
    await expect(read()).rejects.toBe(stopped);
    await expect(work.hub.resolveRevision(model, 'main', controller.signal)).rejects.toBe(stopped);
    await expect(work.hub.listFiles(model, work.commit, controller.signal)).rejects.toBe(stopped);
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
