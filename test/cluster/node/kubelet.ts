import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ControlPlane } from '../control-plane.ts';
import { startDaemon } from '../daemon.ts';
import { containerdSocket } from './containerd.ts';
import { nodeAddress } from './network.ts';

export const nodeName = 'ring';

/** Starts the kubelet and kube-proxy: with them the machine becomes the cluster's one node. */
export async function startNode(
  plane: ControlPlane,
  { kubernetes, state }: { kubernetes: string; state: string },
): Promise<void> {
  const root = join(state, 'kubelet');
  await mkdir(root, { recursive: true });
  const config = join(state, 'kubelet.yaml');
  await writeFile(config, stringify(kubeletConfiguration(state, root)));
  const node = await plane.kubeconfig({
    commonName: `system:node:${nodeName}`,
    organization: 'system:nodes',
  });
  const proxy = await plane.kubeconfig({ commonName: 'system:kube-proxy' });
  plane.daemons.push(
    startDaemon('kubelet', {
      program: join(kubernetes, 'kubelet'),
      args: [
        `--config=${config}`,
        `--kubeconfig=${node}`,
        `--root-dir=${root}`,
        `--hostname-override=${nodeName}`,
        `--node-ip=${nodeAddress}`,
      ],
      log: join(state, 'logs', 'kubelet.log'),
    }),
    startDaemon('kube-proxy', {
      program: join(kubernetes, 'kube-proxy'),
      args: [
        `--kubeconfig=${proxy}`,
        '--proxy-mode=iptables',
        `--hostname-override=${nodeName}`,
        '--cluster-cidr=10.244.0.0/24',
        // These are the whole machine's settings: not ours to change.
        '--conntrack-max-per-core=0',
        '--conntrack-tcp-timeout-established=0',
        '--conntrack-tcp-timeout-close-wait=0',
      ],
      log: join(state, 'logs', 'kube-proxy.log'),
    }),
  );
}

const kubeletConfiguration = (state: string, root: string): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: join(state, 'pki', 'ca.crt') },
  },
  authorization: { mode: 'Webhook' },
  cgroupDriver: 'cgroupfs',
  failCgroupV1: false,
  failSwapOn: false,
  enforceNodeAllocatable: [],
  volumePluginDir: join(root, 'plugins'),
  podLogsDir: join(state, 'pod-logs'),
  resolvConf: '/dev/null', // the machine's own names do not lead anywhere from here
  clusterDNS: [nodeAddress],
  clusterDomain: 'cluster.local',
  // Zero is refused; a development machine's disk is rarely as empty as a node's.
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1Gi', 'imagefs.available': '1Gi' },
  imageGCHighThresholdPercent: 100,
  serializeImagePulls: false,
  syncFrequency: '10s',
});
