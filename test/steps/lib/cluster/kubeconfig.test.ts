import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubeconfigOf } from '../../../../sandbox/cluster/kubeconfig.ts';
import { loadKubeconfig } from '../../../../steps/lib/cluster/kubeconfig.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function write(name: string, content: string | object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const login = { url: 'https://127.0.0.1:6443/', ca: 'PEM', token: 'first', namespace: 'team' };

const config = (cluster: object, user: object, context: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'https://api:6443', ...cluster } }],
  users: [{ name: 'u', user }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
  'current-context': 'x',
});

describe('a kubeconfig', () => {
  test('has server, namespace, trust and token', async () => {
    const path = await write('good', kubeconfigOf(login));
    const account = await loadKubeconfig([path]);
    expect(account).toMatchObject({
      server: 'https://127.0.0.1:6443',
      namespace: 'team',
      source: `KUBECONFIG ${path}`,
    });
    const { bearer, tls } = await account.login(false);
    expect(bearer).toBe('first');
    expect(String(tls.ca)).toBe('PEM');
  });

  test('without a namespace means default', async () => {
    await expect(loadKubeconfig([await write('bare', config({}, { token: 't' }))])).resolves.toMatchObject({
      namespace: 'default',
    });
  });

  test('is read again when the server no longer knows the credentials', async () => {
    const path = await write('renewed', kubeconfigOf(login));
    const account = await loadKubeconfig([path]);
    await write('renewed', kubeconfigOf({ ...login, token: 'second' }));
    expect((await account.login(false)).bearer).toBe('first');
    expect((await account.login(true)).bearer).toBe('second');
  });

  test('may have a client certificate, a name for TLS, no trust, another identity', async () => {
    const data = (text: string) => Buffer.from(text).toString('base64');
    const path = await write(
      'certificate',
      config(
        { 'insecure-skip-tls-verify': true, 'tls-server-name': 'api.internal' },
        { 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY'), as: 'someone' },
      ),
    );
    const { tls, headers, bearer } = await (await loadKubeconfig([path])).login(false);
    expect([tls.cert, tls.key]).toEqual([Buffer.from('CERT'), Buffer.from('KEY')]);
    expect(tls).toMatchObject({ rejectUnauthorized: false, servername: 'api.internal' });
    expect(headers).toEqual({ 'Impersonate-User': 'someone' });
    expect(bearer).toBeUndefined();
  });

  test('may have a name and a password', async () => {
    const path = await write('basic', config({}, { username: 'me', password: 'secret' }));
    const { headers } = await (await loadKubeconfig([path])).login(false);
    expect(headers).toEqual({ Authorization: `Basic ${Buffer.from('me:secret').toString('base64')}` });
  });

  test('may ask a plugin for the token', async () => {
    const credential = {
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 'plugged' },
    };
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'echo',
      args: [JSON.stringify(credential)],
    };
    const account = await loadKubeconfig([await write('exec', config({}, { exec }))]);
    expect((await account.login(false)).bearer).toBe('plugged');
  });

  test('whose plugin fails cannot be used', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'false' };
    const account = await loadKubeconfig([await write('broken-exec', config({}, { exec }))]);
    await expect(account.login(false)).rejects.toMatchObject({
      failure: 'usage',
      evidence: [expect.stringContaining('its user cannot log in')],
    });
  });

  test('may go through a proxy of its own', async () => {
    const path = await write(
      'proxied',
      config({ 'proxy-url': 'http://proxy.example.com:3128' }, { token: 't' }),
    );
    expect((await (await loadKubeconfig([path])).login(false)).agent).toBeDefined();
  });

  test('may be spread over several files', async () => {
    const { users, ...rest } = config({}, { token: 'there' });
    const places = await write('places', { ...rest, users: [] });
    const people = await write('people', {
      apiVersion: 'v1',
      kind: 'Config',
      users,
      clusters: [],
      contexts: [],
    });
    const account = await loadKubeconfig([places, people]);
    expect((await account.login(false)).bearer).toBe('there');
  });

  test.each([
    ['a file that is not there', undefined, 'ENOENT'],
    ['a file that is no YAML', '{ a: [', 'it cannot be read'],
    ['an empty file', '', 'it cannot be read'],
    ['a context without a cluster', { clusters: [], contexts: [], users: [] }, 'names no cluster'],
    ['a server without TLS', kubeconfigOf({ ...login, url: 'http://10.0.0.1:8080' }), 'https:// only'],
  ])('%s cannot be used', async (title, content, evidence) => {
    const path = join(folder, title.replaceAll(' ', '-'));
    if (content !== undefined) await write(title.replaceAll(' ', '-'), content);
    await expect(loadKubeconfig([path])).rejects.toMatchObject({
      failure: 'usage',
      message: 'the kubeconfig cannot be used',
      evidence: [expect.stringContaining(evidence)],
    });
    await expect(loadKubeconfig([path])).rejects.toMatchObject({
      evidence: [expect.stringContaining(`(KUBECONFIG ${path})`)],
    });
  });
});
