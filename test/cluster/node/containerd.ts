import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output, run } from '../command.ts';
import { startDaemon, until, type Daemon } from '../daemon.ts';
import type { Image } from '../images/recipes.ts';

export const containerdSocket = '/run/containerd/containerd.sock';

/** Starts containerd with its content on disk (images outlive a run) and all else in the namespace's own /run. */
export async function startContainerd({
  root,
  state,
  pauseImage,
}: {
  root: string;
  state: string;
  pauseImage: string;
}): Promise<Daemon> {
  await mkdir(root, { recursive: true });
  const cni = join(state, 'cni');
  await mkdir(cni, { recursive: true });
  await writeFile(join(cni, '10-ring.conflist'), JSON.stringify(network, undefined, 2));
  const config = join(state, 'containerd.toml');
  await writeFile(config, configuration({ root, cni, pauseImage }));
  const daemon = startDaemon('containerd', {
    program: 'containerd',
    args: ['--config', config],
    log: join(state, 'logs', 'containerd.log'),
  });
  await until('containerd answers', async () => (await run('ctr', ['version'])).code === 0, { daemon });
  await forgetContainers();
  return daemon;
}

/** A cluster that was killed leaves its containers in the books. */
async function forgetContainers(): Promise<void> {
  const containers = (await ctr('containers', 'ls', '-q')).split('\n').filter((id) => id !== '');
  if (containers.length > 0) await ctr('containers', 'rm', ...containers);
}

/** Imports the images that containerd does not hold yet, and drops the ones that newer ones replaced. */
export async function importImages(images: readonly Image[]): Promise<void> {
  const present = (await ctr('images', 'ls', '-q')).split('\n');
  const wanted = new Set(images.map(({ tag }) => tag));
  const old = present.filter((name) => name.startsWith('localhost/llm-rollout/') && !wanted.has(name));
  if (old.length > 0) await ctr('images', 'rm', ...old);
  const missing = images.filter(({ tag }) => !present.includes(tag));
  for (const { archive } of missing) await ctr('images', 'import', archive);
}

const ctr = (...args: string[]): Promise<string> => output('ctr', ['-n', 'k8s.io', ...args]);

const network = {
  cniVersion: '1.0.0',
  name: 'ring',
  plugins: [
    {
      type: 'bridge',
      bridge: 'ring0',
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: '/run/cni-addresses',
        ranges: [[{ subnet: '10.244.0.0/24', rangeStart: '10.244.0.10' }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

const configuration = ({
  root,
  cni,
  pauseImage,
}: {
  root: string;
  cni: string;
  pauseImage: string;
}): string => `version = 2
root = "${root}"
state = "/run/containerd"
[plugins."io.containerd.internal.v1.opt"]
  path = "/run/containerd-opt"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Where the machine gives us no CAP_SYS_RESOURCE, every sandbox would die of the score that it may not set.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${cni}"
`;
