import { existsSync, globSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
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
    inputs: [
      base.tag,
      await readFile(file),
      await readFile(join(repository, 'LICENSE')),
      ...(await contents(dist)),
    ],
    containerfile: { file },
    prepare: async () => repository,
    buildArgs: async () => ({ BASE: `oci-archive:${base.archive}` }),
  };
}

/** The product image, and the sandbox's programs in /opt/sandbox for pods that stand in for the Hub and for vLLM. */
export async function sandboxImage(product: Image): Promise<ImageSource> {
  const programs = await bundlePrograms();
  const containerfile = `ARG BASE
FROM \${BASE}
COPY . /
`;
  return {
    name: 'sandbox',
    inputs: [product.tag, containerfile, ...(await contents(programs))],
    containerfile,
    prepare: async () => programs,
    buildArgs: async () => ({ BASE: `oci-archive:${product.archive}` }),
  };
}

/** Every sandbox/<name>/serve.ts becomes <name>.mjs. */
async function bundlePrograms(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'llm-rollout-sandbox-'));
  const programs = globSync(join(repository, 'sandbox/*/serve.ts'));
  await esbuild.build({
    entryPoints: programs.map((file) => ({ in: file, out: basename(dirname(file)) })),
    outdir: join(folder, 'opt/sandbox'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
    },
    logLevel: 'warning',
  });
  await mkdir(join(folder, 'usr/bin'), { recursive: true });
  for (const [name, text] of Object.entries(commands)) {
    await writeFile(join(folder, 'usr/bin', name), text, { mode: 0o755 });
  }
  return folder;
}

/** The two ways a ServingRuntime calls vLLM, both led to the sandbox's model. */
const commands = {
  vllm: "#!/usr/bin/node\nimport('/opt/sandbox/model.mjs');\n",
  // python -m vllm.entrypoints.openai.api_server …
  python: "#!/usr/bin/node\nprocess.argv.splice(2, 2);\nimport('/opt/sandbox/model.mjs');\n",
};

/** Names and bytes of all files of a folder, in a fixed order. */
async function contents(folder: string): Promise<(string | Uint8Array)[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = files.sort().map(async (file) => [relative(folder, file), await readFile(file)]);
  return (await Promise.all(read)).flat();
}
