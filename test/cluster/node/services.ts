import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlane } from '../control-plane.ts';
import { startDaemon } from '../daemon.ts';
import { nodeAddress } from './network.ts';

/** The S3 gateway's root account: this cluster's only. */
export const s3 = {
  endpoint: `http://${nodeAddress}:7070`,
  accessKey: 'ring',
  secretKey: 'ring-secret-key',
  region: 'us-east-1',
};

/** Starts the cluster's DNS and, beside the cluster, an S3 gateway over a folder. */
export async function startServices(
  plane: ControlPlane,
  { coredns, versitygw, state }: { coredns: string; versitygw: string; state: string },
): Promise<void> {
  const corefile = join(state, 'Corefile');
  await writeFile(corefile, zone(plane.admin));
  const buckets = join(state, 's3');
  await mkdir(buckets, { recursive: true });
  plane.daemons.push(
    startDaemon('coredns', {
      program: join(coredns, 'coredns'),
      args: ['-conf', corefile],
      log: join(state, 'logs', 'coredns.log'),
    }),
    startDaemon('versitygw', {
      program: join(versitygw, 'versitygw'),
      args: ['--port', `${nodeAddress}:7070`, '--region', s3.region, 'posix', buckets],
      env: { ROOT_ACCESS_KEY: s3.accessKey, ROOT_SECRET_KEY: s3.secretKey },
      log: join(state, 'logs', 'versitygw.log'),
    }),
  );
}

const zone = (kubeconfig: string): string => `.:53 {
  errors
  bind ${nodeAddress}
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
  }
}
`;
