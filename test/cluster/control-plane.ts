import { mkdir, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { startDaemon, until, type Daemon } from './daemon.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { Authority, serviceAccountKey, writeKeyPair, type Subject } from './pki.ts';

export interface ControlPlane {
  authority: Authority;
  /** Writes a kubeconfig for a user and returns its path. */
  kubeconfig(user: Subject, server?: string): Promise<string>;
  /** A cluster administrator's kubeconfig. */
  admin: string;
  daemons: Daemon[];
}

export interface ControlPlaneOptions {
  /** The folder with the binaries of component kubernetes, and the etcd binary. */
  kubernetes: string;
  etcd: string;
  /** Holds certificates, logs and etcd's data. */
  state: string;
  /** What the API server tells pods to find it under. */
  address: string;
  apiPort: number;
  etcdPort: number;
  peerPort: number;
  /** More flags for the API server. */
  apiFlags?: readonly string[];
}

/** The address that every cluster's own API Service gets. */
const serviceRange = '10.96.0.0/16';
const apiService = '10.96.0.1';

/** Starts etcd and the API server: seconds, no privileges. */
export async function startApi(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { state, address, apiPort } = options;
  const pki = join(state, 'pki');
  for (const folder of ['pki', 'logs', 'etcd', 'kubeconfigs'])
    await mkdir(join(state, folder), { recursive: true });
  const authority = await Authority.create('llm-rollout-ring');
  await writeFile(join(pki, 'ca.crt'), authority.certificate);
  await writeFile(join(pki, 'service-account.key'), serviceAccountKey(), { mode: 0o600 });
  const names = [
    '127.0.0.1',
    apiService,
    address,
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
  ];
  await writeKeyPair(pki, 'apiserver', await authority.issue({ commonName: 'kube-apiserver', names }));
  const kubelets = { commonName: 'kube-apiserver-kubelet-client', organization: 'system:masters' };
  await writeKeyPair(pki, 'kubelet-client', await authority.issue(kubelets));
  const kubeconfig = async (user: Subject, server = `https://127.0.0.1:${apiPort}`): Promise<string> => {
    const file = join(state, 'kubeconfigs', `${user.commonName.replaceAll(':', '-')}.yaml`);
    await writeKubeconfig(file, {
      server,
      authority: authority.certificate,
      user: await authority.issue(user),
    });
    return file;
  };
  const etcd = startEtcd(options);
  const api = startApiServer(options);
  await Promise.race([apiReady(authority, api, apiPort), etcd.ended]);
  const admin = await kubeconfig({ commonName: 'admin', organization: 'system:masters' });
  return { authority, kubeconfig, admin, daemons: [etcd, api] };
}

/** Starts the controllers and the scheduler. */
export async function startControllers(
  plane: ControlPlane,
  { kubernetes, state }: ControlPlaneOptions,
): Promise<void> {
  const key = join(state, 'pki', 'service-account.key');
  const manager = await plane.kubeconfig({ commonName: 'system:kube-controller-manager' });
  const scheduler = await plane.kubeconfig({ commonName: 'system:kube-scheduler' });
  const without = [
    'node-ipam-controller',
    'node-route-controller',
    'service-lb-controller',
    'cloud-node-lifecycle-controller',
  ];
  plane.daemons.push(
    startDaemon('kube-controller-manager', {
      program: join(kubernetes, 'kube-controller-manager'),
      args: [
        `--kubeconfig=${manager}`,
        '--leader-elect=false',
        '--use-service-account-credentials',
        `--service-account-private-key-file=${key}`,
        `--root-ca-file=${join(state, 'pki', 'ca.crt')}`,
        `--controllers=*,${without.map((name) => `-${name}`).join(',')}`,
        '--bind-address=127.0.0.1',
        `--flex-volume-plugin-dir=${join(state, 'plugins')}`,
        '--kube-api-qps=100',
        '--kube-api-burst=200',
      ],
      log: join(state, 'logs', 'kube-controller-manager.log'),
    }),
    startDaemon('kube-scheduler', {
      program: join(kubernetes, 'kube-scheduler'),
      args: [`--kubeconfig=${scheduler}`, '--leader-elect=false', '--bind-address=127.0.0.1'],
      log: join(state, 'logs', 'kube-scheduler.log'),
    }),
  );
}

const startEtcd = ({ etcd, state, etcdPort, peerPort }: ControlPlaneOptions): Daemon =>
  startDaemon('etcd', {
    program: join(etcd, 'etcd'),
    args: [
      `--data-dir=${join(state, 'etcd')}`,
      `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
      `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
      `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
      '--unsafe-no-fsync', // it is thrown away at the end
      '--log-level=warn',
    ],
    log: join(state, 'logs', 'etcd.log'),
  });

function startApiServer({
  kubernetes,
  state,
  address,
  apiPort,
  etcdPort,
  apiFlags = [],
}: ControlPlaneOptions): Daemon {
  const pki = (file: string): string => join(state, 'pki', file);
  return startDaemon('kube-apiserver', {
    program: join(kubernetes, 'kube-apiserver'),
    args: [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      '--bind-address=0.0.0.0',
      `--secure-port=${apiPort}`,
      `--advertise-address=${address}`,
      `--service-cluster-ip-range=${serviceRange}`,
      `--cert-dir=${join(state, 'pki')}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--kubelet-client-certificate=${pki('kubelet-client.crt')}`,
      `--kubelet-client-key=${pki('kubelet-client.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki('service-account.key')}`,
      `--service-account-signing-key-file=${pki('service-account.key')}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      '--allow-privileged=true',
      '--feature-gates=MutatingAdmissionPolicy=true',
      '--runtime-config=admissionregistration.k8s.io/v1beta1=true',
      '--profiling=false',
      ...apiFlags,
    ],
    log: join(state, 'logs', 'kube-apiserver.log'),
  });
}

async function apiReady(authority: Authority, daemon: Daemon, port: number): Promise<void> {
  const { certificate, key } = await authority.issue({ commonName: 'probe', organization: 'system:masters' });
  const probe = (): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const tls = { ca: authority.certificate, cert: certificate, key };
      get(`https://127.0.0.1:${port}/readyz`, { ...tls, agent: false, timeout: 2000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      }).on('error', reject);
    });
  await until('the API server is ready', probe, { daemon });
}
