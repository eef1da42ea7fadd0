import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../build.ts';
import { cached } from '../cache.ts';
import { buildArchive } from './buildah.ts';
import { nodebase } from './nodebase.ts';
import { pause } from './pause.ts';
import { productImage, sandboxImage } from './product.ts';
import { binaryImage, binaryImages, type Image, type ImageSource } from './recipes.ts';
import { storageInitializer } from './storage-initializer.ts';

/**
 * Builds what is not in the cache, and what needs no binaries of Go while those are still being built. The images' names
 * are stable, their tags follow their content.
 */
export async function buildImages(
  building: ReturnType<typeof build>,
  report: (line: string) => void = console.log,
): Promise<Image[]> {
  const images: Image[] = [];
  const ensure = async (source: ImageSource): Promise<Image> => {
    const image = await ensureImage(source, report);
    images.push(image);
    return image;
  };
  await ensure(await pause());
  await ensure(await storageInitializer());
  const base = await ensure(await nodebase());
  try {
    await ensure(await sandboxImage(await ensure(await productImage(base))));
  } catch (error) {
    // A cluster to play with needs no product; a test that asks for the image will not find it.
    report(`The product image is not built, the sources do not bundle: ${String(error)}`);
  }
  const folders = await building;
  for (const [name, { component, binary }] of Object.entries(binaryImages)) {
    await ensure(binaryImage(name, binary, folders[component]));
  }
  return images;
}

/** One image. */
export async function ensureImage(source: ImageSource, report: (line: string) => void): Promise<Image> {
  const image = describe(source);
  if (existsSync(image.archive)) return image;
  const started = Date.now();
  const scratch = await mkdtemp(join(tmpdir(), 'llm-rollout-image-'));
  try {
    const { containerfile, buildArgs = {} } = source;
    const context = await source.prepare(scratch);
    await buildArchive({ tag: image.tag, containerfile, context, buildArgs }, image.archive);
    await removeSuperseded(image);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  report(`image ${image.name.padEnd(28)} built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return image;
}

function describe({ name, inputs }: ImageSource): Image {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(input).update('\0');
  const version = hash.digest('hex').slice(0, 12);
  return {
    name,
    tag: `localhost/llm-rollout/${name}:${version}`,
    archive: cached('images', `${name}@${version}.tar`),
  };
}

async function removeSuperseded({ name, archive }: Image): Promise<void> {
  for (const file of await readdir(cached('images'))) {
    const path = cached('images', file);
    if (file.startsWith(`${name}@`) && path !== archive) await rm(path, { force: true });
  }
}

if (import.meta.main) await buildImages(build());
