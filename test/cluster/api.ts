import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from './build.ts';
import { startApi } from './control-plane.ts';
import { installDefinitions } from './install/definitions.ts';
import { Kubectl } from './kubectl.ts';
import { completePath } from './preflight.ts';

export interface RunningApi {
  kubeconfig: string;
  kubectl: Kubectl;
  /** Rejects when one of its programs ends by itself. */
  ended: Promise<never>;
}

/**
 * An API server with the CRDs of Tekton and KServe and nothing that acts on objects: seconds, no root, as many as one likes.
 * It ends with this process.
 */
export async function startApiOnly(report: (line: string) => void = console.log): Promise<RunningApi> {
  completePath();
  const folders = await build(['kubernetes', 'etcd'], report);
  const state = await mkdtemp(join(tmpdir(), 'llm-rollout-api-'));
  process.on('exit', () => rmSync(state, { recursive: true, force: true }));
  const [apiPort, etcdPort, peerPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const plane = await startApi({
    ...folders,
    state,
    address: '127.0.0.1',
    apiPort,
    etcdPort,
    peerPort,
    // Nobody is there to make the accounts that pods need, and loopback is no address for the Service `kubernetes`.
    apiFlags: ['--disable-admission-plugins=ServiceAccount', '--endpoint-reconciler-type=none'],
  });
  const kubectl = new Kubectl(join(folders.kubernetes, 'kubectl'), plane.admin);
  await installDefinitions(kubectl);
  return { kubeconfig: plane.admin, kubectl, ended: Promise.race(plane.daemons.map(({ ended }) => ended)) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
