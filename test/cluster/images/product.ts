import { globSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import * as esbuild from 'esbuild';
import { cached } from '../cache.ts';
import { output } from '../command.ts';
import type { Image, ImageSource } from './recipes.ts';

const repository = join(import.meta.dirname, '../../..');

/** The product's own Containerfile over the local Node base, with bundles of the sources as they are now. */
export async function productImage(base: Image): Promise<ImageSource> {
  const file = join(repository, 'Containerfile');
  const context = cached('product');
  await output(process.execPath, [join(import.meta.dirname, 'bundle.ts'), join(context, 'dist')]);
  await copyFile(join(repository, 'LICENSE'), join(context, 'LICENSE'));
  return {
    name: 'product',
    inputs: [base.tag, await readFile(file), ...(await readAll(context))],
    containerfile: { file },
    prepare: async () => context,
    buildArgs: { BASE: `oci-archive:${base.archive}` },
  };
}

/** The product image, and the sandbox's programs in /opt/sandbox for pods that stand in for the Hub and for vLLM. */
export async function sandboxImage(product: Image): Promise<ImageSource> {
  const files = { ...(await bundlePrograms()), ...commands };
  const containerfile = `ARG BASE
FROM \${BASE}
COPY --chmod=755 . /
`;
  return {
    name: 'sandbox',
    inputs: [product.tag, containerfile, ...Object.entries(files).flat()],
    containerfile,
    prepare: async (scratch) => {
      for (const [name, bytes] of Object.entries(files)) {
        await mkdir(dirname(join(scratch, name)), { recursive: true });
        await writeFile(join(scratch, name), bytes);
      }
      return scratch;
    },
    buildArgs: { BASE: `oci-archive:${product.archive}` },
  };
}

/** Every sandbox/<name>/serve.ts as opt/sandbox/<name>.mjs: its bytes by path. */
async function bundlePrograms(): Promise<Record<string, Uint8Array>> {
  const programs = globSync(join(repository, 'sandbox/*/serve.ts')).sort();
  const { outputFiles } = await esbuild.build({
    entryPoints: programs.map((file) => ({ in: file, out: basename(dirname(file)) })),
    outdir: '/opt/sandbox',
    outExtension: { '.js': '.mjs' },
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
    },
    logLevel: 'warning',
  });
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [path.slice(1), contents]));
}

/** The two ways a ServingRuntime calls vLLM, both led to the sandbox's model. */
const commands = {
  'usr/bin/vllm': "#!/usr/bin/node\nimport('/opt/sandbox/model.mjs');\n",
  // python -m vllm.entrypoints.openai.api_server …
  'usr/bin/python': "#!/usr/bin/node\nprocess.argv.splice(2, 2);\nimport('/opt/sandbox/model.mjs');\n",
};

/** Names and bytes of all files of a folder, in a fixed order. */
async function readAll(folder: string): Promise<(string | Uint8Array)[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.sort().map(async (file) => [relative(folder, file), await readFile(file)]);
  return (await Promise.all(read)).flat();
}
