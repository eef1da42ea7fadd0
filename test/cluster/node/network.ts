import { mkdir, writeFile } from 'node:fs/promises';
import { run, output } from '../command.ts';

/** The node's address: on the bridge that the pods hang on, so that they reach it and it reaches them. */
export const nodeAddress = '10.244.0.1';

/** Makes the network and the mounts of a fresh namespace fit for a node. Nothing of it is seen outside. */
export async function prepareNamespaces(): Promise<void> {
  await output('mount', ['--make-rprivate', '/']);
  await output('mount', ['-t', 'tmpfs', 'tmpfs', '/run']); // containerd and CNI keep sockets and network namespaces here
  // The kubelet insists on links in /var/log/containers, CNI on notes in /var/lib/cni.
  for (const folder of ['/var/log', '/var/lib/cni']) {
    await mkdir(folder, { recursive: true });
    await output('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  }
  await output('ip', ['link', 'set', 'lo', 'up']);
  await output('ip', ['link', 'add', 'ring0', 'type', 'bridge']);
  await output('ip', ['address', 'add', `${nodeAddress}/24`, 'dev', 'ring0']);
  await output('ip', ['link', 'set', 'ring0', 'up']);
  // Without a route to the Services the API server's calls to webhooks fail with «network is unreachable».
  await output('ip', ['route', 'add', '10.96.0.0/16', 'dev', 'ring0']);
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
  // An answer between two pods of one bridge must pass iptables, or it does not come back from the Service's address.
  await run('sysctl', ['-qw', 'net.bridge.bridge-nf-call-iptables=1']);
}
