import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../cache.ts';
import { output, runLogged } from '../command.ts';
import { moduleFolder } from '../modules.ts';
import type { ImageSource } from './recipes.ts';

const requirement = 'kserve-storage[confidential]==0.21.0';

/** KServe's own downloader: its Python package and its entry point, on a minimal root of the machine's Debian release. */
export async function storageInitializer(): Promise<ImageSource> {
  const codename = await debianCodename();
  const scripts = join(
    await moduleFolder('kserve', 'github.com/kserve/kserve'),
    'python/storage-initializer/scripts',
  );
  const entrypoint = await readFile(join(scripts, 'initializer-entrypoint'), 'utf8');
  return {
    name: 'storage-initializer',
    inputs: [codename, requirement, containerfile, entrypoint],
    containerfile,
    prepare: async () => {
      const context = await pythonRoot(codename);
      await output('install', [
        '-m',
        '755',
        join(scripts, 'initializer-entrypoint'),
        join(context, 'entrypoint'),
      ]);
      return context;
    },
  };
}

const containerfile = `FROM scratch
COPY root/ /
COPY packages/ /packages/
COPY entrypoint /storage-initializer/scripts/initializer-entrypoint
ENV PATH=/usr/local/bin:/usr/bin:/bin PYTHONPATH=/packages PYTHONDONTWRITEBYTECODE=1
USER 1000
WORKDIR /tmp
ENTRYPOINT ["/storage-initializer/scripts/initializer-entrypoint"]
`;

/** A Debian with Python and the package, kept between builds: \`root/\` and \`packages/\`. */
async function pythonRoot(codename: string): Promise<string> {
  const key = createHash('sha256').update(`${codename} ${requirement}`).digest('hex').slice(0, 12);
  const folder = cached('roots', `storage-initializer-${key}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    await Promise.all([installDebian(codename, unfinished), installPackages(unfinished)]);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  return folder;
}

/** In an own mount namespace: what debootstrap mounts is gone with it, however it ends. */
async function installDebian(codename: string, folder: string): Promise<void> {
  const root = join(folder, 'root');
  const args = ['--variant=minbase', '--include=python3', codename, root, 'http://deb.debian.org/debian'];
  await runLogged('unshare', ['--mount', 'debootstrap', ...args], { log: cached('logs', 'debootstrap.log') });
  await output('rm', [
    '-rf',
    join(root, 'var/cache/apt'),
    join(root, 'var/lib/apt/lists'),
    join(root, 'dev'),
  ]);
}

async function installPackages(folder: string): Promise<void> {
  const venv = join(folder, 'venv');
  await output('/usr/bin/python3', ['-m', 'venv', venv]); // Debian's: the same Python as in the image
  const args = ['install', '--no-compile', '--target', join(folder, 'packages'), requirement];
  await runLogged(join(venv, 'bin/pip'), args, { log: cached('logs', 'pip.log') });
}

async function debianCodename(): Promise<string> {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1];
  if (codename === undefined) throw new Error('/etc/os-release names no Debian release (VERSION_CODENAME).');
  return codename;
}
