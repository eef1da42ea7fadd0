import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { KeyPair } from './pki.ts';

/** Writes a kubeconfig with everything in it, for one user of one cluster. */
export async function writeKubeconfig(
  file: string,
  { server, authority, user }: { server: string; authority: string; user: KeyPair },
): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'ring', cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: 'ring',
        user: { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) },
      },
    ],
    contexts: [{ name: 'ring', context: { cluster: 'ring', user: 'ring' } }],
    'current-context': 'ring',
  };
  await writeFile(file, stringify(config), { mode: 0o600 });
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
