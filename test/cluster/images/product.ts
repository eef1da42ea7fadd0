import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import * as esbuild from 'esbuild';
import type { Image, ImageSource } from './recipes.ts';

const repository = join(import.meta.dirname, '../../..');

/** The product's own Containerfile over the local Node base, with the bundles in dist/. */
export async function productImage(base: Image): Promise<ImageSource> {
  const file = join(repository, 'Containerfile');
  const dist = join(repository, 'dist');
  if (!existsSync(dist))
    throw new Error('dist/ is missing: the product image holds the built bundles.\nTry: npm run build');
  return {
    name: 'product',
    inputs: [base.tag, await readFile(file), ...(await contents(dist))],
    containerfile: { file },
    prepare: async () => repository,
    buildArgs: async () => ({ BASE: `oci-archive:${base.archive}` }),
  };
}

/** The product image, and the sandbox's hub and model as programs in /opt/sandbox for pods that stand in for the Hub and for vLLM. */
export async function sandboxImage(product: Image): Promise<ImageSource> {
  const programs = await bundlePrograms();
  const containerfile = `ARG BASE
FROM \${BASE}
COPY --chmod=644 . /opt/sandbox/
`;
  return {
    name: 'sandbox',
    inputs: [product.tag, containerfile, ...(await contents(programs))],
    containerfile,
    prepare: async () => programs,
    buildArgs: async () => ({ BASE: `oci-archive:${product.archive}` }),
  };
}

async function bundlePrograms(): Promise<string> {
  const outdir = await mkdtemp(join(tmpdir(), 'llm-rollout-sandbox-'));
  await esbuild.build({
    entryPoints: [join(import.meta.dirname, '../pods/*.ts')],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return outdir;
}

/** Names and bytes of all files of a folder, in a fixed order. */
async function contents(folder: string): Promise<(string | Uint8Array)[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.sort().map(async (file) => [relative(folder, file), await readFile(file)]);
  return (await Promise.all(read)).flat();
}
