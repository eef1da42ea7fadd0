import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';
import { specs } from './index.ts';
import { collectLicenses } from './licenses.ts';

const root = join(import.meta.dirname, '..');
const megabyte = 1_000_000;

/** What one bundle may weigh: a pod pulls all of them, and Node reads one at every start. */
export const budgets = { default: 5 * megabyte, 'stage-model': 6 * megabyte } as const;

interface Bundle {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

if (import.meta.main) {
  for (const { name, bytes } of await buildBundles(join(root, 'dist'))) {
    console.log(`dist/${name}.mjs  ${(bytes / megabyte).toFixed(2)} MB`);
  }
}

/** Bundles every step into `folder`, with the vocabulary and the licences of what is inside. Throws when a bundle is over its budget. */
export async function buildBundles(folder: string): Promise<Bundle[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: specs.map(({ name }) => ({ in: `steps/${name}/main.ts`, out: name })),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    keepNames: true,
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    // CommonJS inside the bundle asks for `require`; the long name keeps the minifier from reusing it.
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
    },
  });
  await copyVocabulary(folder);
  await writeFile(join(folder, 'LICENSES.txt'), await collectLicenses(root, metafile));
  return measure(metafile, folder);
}

async function measure(metafile: Metafile, folder: string): Promise<Bundle[]> {
  const bundles: Bundle[] = [];
  for (const { name } of specs) {
    const path = join(folder, `${name}.mjs`);
    const { size } = await stat(path);
    const budget = name === 'stage-model' ? budgets['stage-model'] : budgets.default;
    if (size > budget)
      throw new Error(`${name}.mjs has ${size} bytes, ${budget} is the budget:\n${heaviest(metafile, name)}`);
    bundles.push({ name, path, bytes: size });
  }
  return bundles;
}

function heaviest(metafile: Metafile, name: string): string {
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`/${name}.mjs`))?.[1];
  return Object.entries(output?.inputs ?? {})
    .toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 10)
    .map(([path, { bytesInOutput }]) => `  ${bytesInOutput}  ${path}`)
    .join('\n');
}

async function copyVocabulary(folder: string): Promise<void> {
  const shipped = fileURLToPath(import.meta.resolve('gpt-tokenizer/data/o200k_base.tiktoken'));
  await copyFile(shipped, join(folder, 'o200k_base.tiktoken'));
}
