import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findMounted } from '../../../../steps/lib/cluster/mounted.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mounted-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function mount(name: string, files: Record<string, string>): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await Promise.all(Object.entries(files).map(([file, text]) => writeFile(join(path, file), text)));
  return path;
}

const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' };

describe('the account of a pod', () => {
  test('is read from its files, the token anew each time and without a newline', async () => {
    const path = await mount('pod', { token: 'one\n', namespace: 'team', 'ca.crt': 'PEM' });
    const account = await findMounted(env, path);
    expect(account).toMatchObject({ server: 'https://10.0.0.1:6443', namespace: 'team' });
    expect(await account?.login(false)).toMatchObject({ bearer: 'one', tls: { ca: 'PEM' } });
    await writeFile(join(path, 'token'), 'two');
    expect((await account?.login(false))?.bearer).toBe('two');
  });

  test('keeps the last token when the file is gone', async () => {
    const path = await mount('gone', { token: 'one' });
    const account = await findMounted(env, path);
    await rm(join(path, 'token'));
    expect((await account?.login(false))?.bearer).toBe('one');
  });

  test('has brackets around an IPv6 address, and a port of its own', async () => {
    const path = await mount('six', { token: 't' });
    await expect(findMounted({ KUBERNETES_SERVICE_HOST: 'fd00::1' }, path)).resolves.toMatchObject({
      server: 'https://[fd00::1]:443',
      namespace: 'default',
    });
  });

  test.each([
    ['outside a cluster', {}, { token: 't' }],
    ['without a token', env, { namespace: 'team' }],
    ['with an empty token', env, { token: '\n' }],
  ])('is not there %s', async (name, given, files) => {
    await expect(
      findMounted(given, await mount(name, files as Record<string, string>)),
    ).resolves.toBeUndefined();
  });
});
