import { mkdir, statfs } from 'node:fs/promises';
import { accessSync, constants, existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cached, cacheFolder } from './cache.ts';

/** What has to be there, and the Debian package that brings it. */
const requirements = [
  ...['containerd', 'runc', 'buildah', 'iptables', 'conntrack', 'debootstrap', 'gcc'].map((name) =>
    program(name, name),
  ),
  program('ip', 'iproute2'),
  ...['unshare', 'nsenter', 'setpriv', 'flock'].map((name) => program(name, 'util-linux')),
  {
    name: '/usr/lib/cni/bridge',
    package: 'containernetworking-plugins',
    isThere: () => existsSync('/usr/lib/cni/bridge'),
  },
  {
    name: 'python3 -m venv',
    package: 'python3-venv',
    isThere: () => globSync('/usr/lib/python3.*/ensurepip').length > 0,
  },
];

const gigabyte = 2 ** 30;
const filesystemsWithoutOverlay: Record<number, string> = { 0x794c7630: 'overlayfs', 0x01021994: 'tmpfs' };

/** Says everything that stands between this machine and a cluster, at once; nothing has been changed then. */
export async function preflight(): Promise<void> {
  completePath();
  const rights = missingRights();
  const space = rights.length === 0 ? await missingSpace() : []; // looking there makes the folder
  const problems = [...rights, ...missingPrograms(), ...missingGo(), ...space];
  if (problems.length > 0)
    throw new Error(`This machine cannot run the cluster yet.\n${problems.join('\n')}`);
}

/** Where these programs live is not always in a user's PATH. */
export function completePath(): void {
  const folders = [process.env['PATH'], '/usr/local/go/bin', '/usr/sbin', '/sbin'];
  process.env['PATH'] = folders.filter((folder) => folder !== undefined).join(delimiter);
}

const missingRights = (): string[] =>
  process.getuid?.() === 0
    ? []
    : ['Root is needed for namespaces, mounts and containers.\n  Try: sudo npm run cluster'];

function missingPrograms(): string[] {
  const missing = requirements.filter(({ isThere }) => !isThere());
  const names = missing.map(({ name }) => name).join(', ');
  const install = [...new Set(missing.map((requirement) => requirement.package))].join(' ');
  return missing.length === 0
    ? []
    : [`Programs are missing: ${names}.\n  Try: apt-get install -y ${install}`];
}

const missingGo = (): string[] =>
  isInPath('go')
    ? []
    : [
        'Go is missing (1.26 or newer): the cluster is built from source.\n  Try: unpack a release of https://go.dev/dl into /usr/local/go',
      ];

async function missingSpace(): Promise<string[]> {
  const folder = cacheFolder();
  await mkdir(folder, { recursive: true });
  const { type, bavail, bsize } = await statfs(folder);
  const filesystem = filesystemsWithoutOverlay[type];
  if (filesystem !== undefined) {
    return [
      `${folder} is on ${filesystem}; containers need a real disk.\n  Try: XDG_CACHE_HOME=/a/folder/on/disk npm run cluster`,
    ];
  }
  const [need, what] = existsSync(cached('bin')) ? [4, 'a run'] : [25, 'the first build, with Go’s caches,'];
  const free = Math.floor((bavail * bsize) / gigabyte);
  if (free >= need) return [];
  return [
    `${folder} has ${free} GiB free; ${what} needs ${need}.\n  Try: free some, or XDG_CACHE_HOME=/another/disk npm run cluster`,
  ];
}

function program(name: string, from: string): { name: string; package: string; isThere: () => boolean } {
  return { name, package: from, isThere: () => isInPath(name) };
}

const isInPath = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, name)));

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
