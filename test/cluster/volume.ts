import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import type { Kubectl, KubeObject } from './kubectl.ts';
import type { Namespace } from './namespace.ts';

/** Name of the claim in the namespace, as in the sample. */
export const claim = 'model-download';

/** A folder of the node with these files, in `gpt-oss-20b`, as a volume that a claim of the namespace is bound to. */
export async function createVolume(
  kubectl: Kubectl,
  namespace: Namespace,
  files: Readonly<Record<string, Buffer>>,
): Promise<{ remove(): Promise<void> }> {
  const folder = await mkdtemp(cached('volume-'));
  const model = join(folder, 'gpt-oss-20b');
  await mkdir(model);
  for (const [path, bytes] of Object.entries(files)) await writeFile(join(model, path), bytes);
  // For whatever UID the pod gets.
  await chmod(folder, 0o755);
  const name = `${namespace.name}-${claim}`;
  await kubectl.apply([volume(name, folder, namespace.name)]);
  await namespace.apply(claimOn(name));
  return {
    remove: async () => {
      await kubectl.attempt(['delete', '--wait=false', 'persistentvolume', name]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const size = { storage: '1Gi' };

const volume = (name: string, path: string, namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    capacity: size,
    accessModes: ['ReadOnlyMany'],
    hostPath: { path, type: 'Directory' },
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: '',
    claimRef: { namespace, name: claim },
  },
});

const claimOn = (volumeName: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: claim },
  spec: {
    accessModes: ['ReadOnlyMany'],
    resources: { requests: size },
    storageClassName: '',
    volumeName,
  },
});
