import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubeconfigOf } from '../../../../sandbox/cluster/kubeconfig.ts';
import { findAccount } from '../../../../steps/lib/cluster/account.ts';

let folder: string;
let kubeconfig: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'account-'));
  kubeconfig = join(folder, 'config');
  await writeFile(
    kubeconfig,
    kubeconfigOf({ url: 'https://elsewhere:6443', ca: 'PEM', token: 't', namespace: 'n' }),
  );
  await writeFile(join(folder, 'token'), 'mounted');
});
afterAll(async () => await rm(folder, { recursive: true }));

const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '6443' };

describe('findAccount', () => {
  test('takes KUBECONFIG before the pod', async () => {
    await expect(findAccount({ ...pod, KUBECONFIG: kubeconfig }, folder)).resolves.toMatchObject({
      server: 'https://elsewhere:6443',
    });
  });

  test.each([{ ...pod }, { ...pod, KUBECONFIG: '' }, { ...pod, KUBECONFIG: ':' }])(
    'takes the pod without one: %j',
    async (env) => {
      await expect(findAccount(env, folder)).resolves.toMatchObject({ server: 'https://10.0.0.1:6443' });
    },
  );

  test.each([
    ['nothing at all', {}, 'KUBERNETES_SERVICE_HOST is not set'],
    ['a pod without a mounted token', pod, 'KUBERNETES_SERVICE_HOST is set'],
  ])('%s is a wrong use, never localhost', async (_, env, words) => {
    await expect(findAccount(env, join(folder, 'nowhere'))).rejects.toMatchObject({
      failure: 'usage',
      message: 'there is no way to the Kubernetes API',
      evidence: ['KUBECONFIG is not set', `${words}, ${join(folder, 'nowhere')}/token cannot be read`],
    });
  });
});
