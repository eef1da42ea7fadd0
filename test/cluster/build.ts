import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { freemem } from 'node:os';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { output, runLogged } from './command.ts';
import { componentFolder } from './modules.ts';
import { components, type Component, type ComponentName } from './components.ts';

const environment = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly -buildvcs=false' };
/** More heap before the compiler collects its garbage: a cold build takes two thirds of the time. */
const compilerEnvironment = { ...environment, GOGC: '400' };
/** What linking the largest of them takes, with room to spare. */
const bytesPerBuild = 6 * 2 ** 30;

/** Builds what is not in the cache, two at a time where memory allows. Returns the folder of each component's binaries. */
export async function build(
  names: readonly ComponentName[] = components.map(({ name }) => name),
  report: (line: string) => void = console.log,
): Promise<Record<ComponentName, string>> {
  const wanted = components.filter(({ name }) => names.includes(name));
  const folders = new Map<string, string>();
  const queue = [...wanted];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      folders.set(next.name, await buildComponent(next, report));
    }
  };
  const side = Math.max(1, Math.min(2, Math.floor(freemem() / bytesPerBuild)));
  await Promise.all(Array.from({ length: side }, worker));
  return Object.fromEntries(folders) as Record<ComponentName, string>;
}

async function buildComponent(component: Component, report: (line: string) => void): Promise<string> {
  const folder = cached('bin', `${component.name}-${await fingerprint(component)}`);
  if (existsSync(folder)) return folder;
  const started = Date.now();
  const log = cached('logs', `build-${component.name}.log`);
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(cached('logs'), { recursive: true });
  await mkdir(unfinished, { recursive: true });
  try {
    await compile(component, unfinished, log);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw new Error(`${component.name} did not build.`, { cause: error });
  }
  report(`${component.name.padEnd(12)} built in ${Math.round((Date.now() - started) / 1000)} s`);
  return folder;
}

async function compile(component: Component, folder: string, log: string): Promise<void> {
  const args = [
    'build',
    '-trimpath',
    '-gcflags=all=-dwarf=false',
    '-ldflags',
    linkerFlags(component),
    '-o',
    `${folder}/`,
    ...component.packages,
  ];
  await runLogged('nice', ['-n', '10', 'go', ...args], {
    cwd: componentFolder(component.name),
    env: compilerEnvironment,
    log,
  });
  if (component.rename !== undefined) {
    await rename(join(folder, component.rename.from), join(folder, component.rename.to));
  }
}

const linkerFlags = ({ ldflags }: Component): string => ['-s -w', ldflags ?? ''].join(' ').trim();

/** Changes with everything that changes the binaries. */
async function fingerprint(component: Component): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await output('go', ['version']));
  hash.update(JSON.stringify([component, environment]));
  for (const name of ['go.mod', 'go.sum', 'main.go']) {
    const file = join(componentFolder(component.name), name);
    if (existsSync(file)) hash.update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 12);
}

if (import.meta.main) {
  const started = Date.now();
  await build();
  console.log(`everything is built (${Math.round((Date.now() - started) / 1000)} s)`);
}
