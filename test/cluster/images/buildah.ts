import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached } from '../cache.ts';
import { output } from '../command.ts';

export interface Recipe {
  /** localhost/llm-rollout/<name>:<fingerprint>. */
  tag: string;
  /** A Containerfile's text, or the path of one. */
  containerfile: string | { file: string };
  /** The folder that COPY reads from. */
  context: string;
  buildArgs?: Record<string, string>;
}

/** Builds an image into an OCI archive. Buildah's own storage is a folder in the cache, emptied of the image again. */
export async function buildArchive(recipe: Recipe, archive: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'llm-rollout-image-'));
  try {
    const args = Object.entries(recipe.buildArgs ?? {}).flatMap(([key, value]) => [
      '--build-arg',
      `${key}=${value}`,
    ]);
    const file = await containerfile(recipe, scratch);
    await buildah(
      'bud',
      '--isolation',
      'chroot',
      '--pull-never',
      ...args,
      '-t',
      recipe.tag,
      '-f',
      file,
      recipe.context,
    );
    await mkdir(cached('images'), { recursive: true });
    await buildah(
      'push',
      '--disable-compression',
      recipe.tag,
      `oci-archive:${archive}.${process.pid}:${recipe.tag}`,
    );
    await buildah('rmi', '--force', recipe.tag);
    await rename(`${archive}.${process.pid}`, archive); // it appears under its name only when it is whole
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function containerfile({ containerfile }: Recipe, scratch: string): Promise<string> {
  if (typeof containerfile !== 'string') return containerfile.file;
  const file = join(scratch, 'Containerfile');
  await writeFile(file, containerfile);
  return file;
}

const buildah = (...args: string[]): Promise<string> =>
  output('buildah', [
    '--storage-driver',
    'vfs',
    '--root',
    cached('buildah', 'root'),
    '--runroot',
    cached('buildah', 'runroot'),
    ...args,
  ]);
