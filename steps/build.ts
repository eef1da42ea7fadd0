import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
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
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  try {
    await bundle(fresh);
    await swap(folder, fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return Promise.all(specs.map(({ name }) => measure(name, join(folder, `${name}.mjs`))));
}

/** Puts the fresh folder in the old one's place; who starts a bundle meanwhile finds one or the other. */
async function swap(folder: string, fresh: string): Promise<void> {
  const old = `${fresh}.old`;
  if (existsSync(folder)) await rename(folder, old);
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}

async function bundle(folder: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: specs.map(({ name }) => ({ in: `steps/${name}/main.ts`, out: name })),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifyWhitespace: true,
    minifySyntax: true,
    // Names stay as they are: errors are known by them, and keeping them by `keepNames` costs a call for each closure made.
    minifyIdentifiers: false,
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    // yargs measures the columns of its help with it, and at each start it makes a table of all emoji: a sixth of the start.
    alias: { 'string-width': './steps/lib/flags/string-width.ts' },
    plugins: [plainHttp()],
    // CommonJS inside the bundle asks for `require`; the long name keeps the minifier from reusing it.
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
    },
  });
  for (const { name } of specs) await checkBudget(metafile, name, join(folder, `${name}.mjs`));
  await copyVocabulary(folder);
  await writeFile(join(folder, 'LICENSES.txt'), await collectLicenses(root, metafile));
}

/** Imported as an ES module, `node:http` is asked for all that it exports, and so loads Node's fetch: as long again as Node's own start. */
function plainHttp(): Plugin {
  const namespace = 'plain-http';
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(node:)?https?$/ }, ({ kind, path }) =>
        kind === 'import-statement' ? { path: path.replace(/^node:/, ''), namespace } : undefined,
      );
      onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule('node:${path}')`,
      }));
    },
  };
}

async function measure(name: string, path: string): Promise<Bundle> {
  return { name, path, bytes: (await stat(path)).size };
}

async function checkBudget(metafile: Metafile, name: string, path: string): Promise<void> {
  const { bytes } = await measure(name, path);
  const budget = name === 'stage-model' ? budgets['stage-model'] : budgets.default;
  if (bytes <= budget) return;
  throw new Error(`${name}.mjs has ${bytes} bytes, ${budget} is the budget:\n${heaviest(metafile, name)}`);
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
