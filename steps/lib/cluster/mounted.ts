import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { Account } from './account.ts';

/** The account that the kubelet mounts into a pod; undefined outside a pod, or where the token is not mounted. */
export async function findMounted(
  env: Readonly<Record<string, string | undefined>>,
  folder: string,
): Promise<Account | undefined> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const token = await read(join(folder, 'token'));
  if (!host || !token) return undefined;
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  const ca = await read(join(folder, 'ca.crt'));
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    namespace: (await read(join(folder, 'namespace'))) ?? 'default',
    source: "the pod's ServiceAccount",
    // Read for every request: the kubelet renews the file long before the old token ends.
    login: async () => ({
      tls: ca === undefined ? {} : { ca },
      bearer: (await read(join(folder, 'token'))) ?? token,
      headers: {},
    }),
  };
}

async function read(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return undefined;
  }
}
