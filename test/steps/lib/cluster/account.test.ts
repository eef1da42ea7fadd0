import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubeconfigOf } from '../../../../sandbox/cluster/kubeconfig.ts';
import { findAccount } from '../../../../steps/lib/cluster/account.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'account-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const login = { url: 'https://127.0.0.1:6443/', ca: 'PEM', token: 'first', namespace: 'team' };

async function mount(name: string, files: Record<string, string>): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await Promise.all(Object.entries(files).map(([file, text]) => writeFile(join(path, file), text)));
  return path;
}

const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' };

describe('an account', () => {
  test('of a kubeconfig has server, namespace, trust and token', async () => {
    const path = await write('good', kubeconfigOf(login));
    const account = await findAccount({ KUBECONFIG: path });
    expect(account).toMatchObject({
      server: 'https://127.0.0.1:6443',
      namespace: 'team',
      source: `KUBECONFIG ${path}`,
    });
    const { bearer, tls } = await account.login(false);
    expect(bearer).toBe('first');
    expect(String(tls.ca)).toBe('PEM');
  });

  test('that was refused is read again', async () => {
    const path = await write('renewed', kubeconfigOf(login));
    const account = await findAccount({ KUBECONFIG: path });
    await write('renewed', kubeconfigOf({ ...login, token: 'second' }));
    expect((await account.login(false)).bearer).toBe('first');
    expect((await account.login(true)).bearer).toBe('second');
  });

  test('may be spread over several files', async () => {
    const parsed = JSON.parse(kubeconfigOf(login)) as Record<string, unknown>;
    const { users, ...rest } = parsed;
    const [a, b] = await Promise.all([
      write('places', JSON.stringify({ ...rest, users: [] })),
      write(
        'people',
        JSON.stringify({ apiVersion: 'v1', kind: 'Config', users, clusters: [], contexts: [] }),
      ),
    ]);
    const account = await findAccount({ KUBECONFIG: `${a}:${b}` });
    expect((await account.login(false)).bearer).toBe('first');
  });

  test('of the pod is read from its files, the token anew each time and without a newline', async () => {
    const path = await mount('pod', { token: 'one\n', namespace: 'team', 'ca.crt': 'PEM' });
    const account = await findAccount(pod, path);
    expect(account).toMatchObject({ server: 'https://10.0.0.1:6443', namespace: 'team' });
    expect(await account.login(false)).toMatchObject({ bearer: 'one', tls: { ca: 'PEM' } });
    await writeFile(join(path, 'token'), 'two');
    expect((await account.login(false)).bearer).toBe('two');
  });

  test('of a pod in an IPv6 cluster has brackets', async () => {
    const path = await mount('pod6', { token: 't' });
    const { server } = await findAccount({ ...pod, KUBERNETES_SERVICE_HOST: 'fd00::1' }, path);
    expect(server).toBe('https://[fd00::1]:6443');
  });

  test('KUBECONFIG comes before the pod', async () => {
    const path = await mount('both', { token: 't' });
    const account = await findAccount(
      { ...pod, KUBECONFIG: await write('before', kubeconfigOf(login)) },
      path,
    );
    expect(account.server).toBe('https://127.0.0.1:6443');
  });

  test.each([
    ['nothing at all', {}, 'KUBECONFIG is not set'],
    ['a pod without a mounted token', pod, 'KUBERNETES_SERVICE_HOST is set'],
  ])('%s is a wrong use, never localhost', async (_, env, evidence) => {
    const error: unknown = await findAccount(env, join(folder, 'nowhere')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: 'usage', message: 'there is no way to the Kubernetes API' });
    expect((error as { evidence: string[] }).evidence.join('\n')).toContain(evidence);
  });

  test.each([
    ['a file that is not there', undefined, 'ENOENT'],
    ['a file that is no YAML', '{ a: [', 'it cannot be read'],
    ['an empty file', '', 'it cannot be read'],
    [
      'a context without a cluster',
      JSON.stringify({ clusters: [], contexts: [], users: [] }),
      'names no cluster',
    ],
    ['a server without TLS', kubeconfigOf({ ...login, url: 'http://10.0.0.1:8080' }), 'https:// only'],
  ])('%s', async (title, text, evidence) => {
    const path = join(folder, title.replaceAll(' ', '-'));
    if (text !== undefined) await writeFile(path, text);
    const error: unknown = await findAccount({ KUBECONFIG: path }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: 'usage', message: 'the kubeconfig cannot be used' });
    const [line] = (error as { evidence: string[] }).evidence;
    expect(line).toContain(evidence);
    expect(line).toContain(`(KUBECONFIG ${path})`);
  });
});
