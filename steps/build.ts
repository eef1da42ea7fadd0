import { existsSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { specs } from './index.ts';
import { collectLicenses } from './licenses.ts';

const root = join(import.meta.dirname, '..');
const megabyte = 1_000_000;

/** What one step may weigh: a pod pulls all of them, and Node reads one at every start. */
export const budgets = { default: 5 * megabyte, 'stage-model': 6 * megabyte } as const;

interface Bundle {
  readonly name: string;
  readonly bytes: number;
}

if (import.meta.main) {
  for (const { name, bytes } of await buildBundles(join(root, 'dist'))) {
    console.log(`dist/${name}.mjs  ${(bytes / megabyte).toFixed(2)} MB`);
  }
}

/**
 * Bundles every step into `folder`, with the vocabulary and the licences of what is inside: `<step>.mjs`, and in `<step>/` what it
 * loads when it needs it. Throws when a step is over its budget.
 */
export async function buildBundles(folder: string): Promise<Bundle[]> {
  const fresh = `${folder}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  try {
    const metafiles = await Promise.all(specs.map(({ name }) => bundle(name, fresh)));
    await copyVocabulary(fresh);
    await writeFile(join(fresh, 'LICENSES.txt'), await collectLicenses(root, metafiles));
    await swap(folder, fresh);
    return specs.map(({ name }, i) => ({ name, bytes: weigh(metafiles[i]) }));
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Puts the fresh folder in the old one's place; who starts a bundle meanwhile finds one or the other. */
async function swap(folder: string, fresh: string): Promise<void> {
  const old = `${fresh}.old`;
  if (existsSync(folder)) await rename(folder, old);
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}

async function bundle(name: string, folder: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: `steps/${name}/main.ts`, out: name }],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    chunkNames: `${name}/[name]-[hash]`,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // A package's ES modules leave out what is not used, and all at once is compiled faster than one by one.
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    minifySyntax: true,
    // Names stay as they are: errors are known by them, and keeping them by `keepNames` costs a call for each closure made.
    minifyIdentifiers: false,
    sourcemap: 'linked',
    sourcesContent: false,
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
    alias: {
      // yargs measures the columns of its help with it, and at each start it makes a table of all emoji: a sixth of the start.
      'string-width': './steps/lib/flags/string-width.ts',
      // Keys come from Secrets alone: what would look for them elsewhere stays out.
      '@aws-sdk/credential-provider-node': './steps/lib/bucket/no-keys-elsewhere.ts',
    },
    plugins: [plainHttp()],
    // CommonJS inside the bundle asks for `require`; the long name keeps the minifier from reusing it.
    banner: {
      js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
    },
  });
  demandBudget(name, metafile);
  return metafile;
}

/** Imported as an ES module, `node:http` is asked for all that it exports, and so loads Node's fetch: as long again as Node's own start. */
function plainHttp(): Plugin {
  const namespace = 'plain-http';
  return {
    name: namespace,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^(node:)?https?$/ }, ({ kind, path }) =>
        kind === 'import-statement' || kind === 'dynamic-import'
          ? { path: path.replace(/^node:/, ''), namespace }
          : undefined,
      );
      onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: `module.exports = process.getBuiltinModule('node:${path}')`,
      }));
    },
  };
}

/** Bytes of all that Node may read of a step; its source maps are for people. */
function weigh(metafile: Metafile | undefined): number {
  return outputsOf(metafile).reduce((sum, { bytes }) => sum + bytes, 0);
}

function outputsOf(metafile: Metafile | undefined): Metafile['outputs'][string][] {
  const entries = Object.entries(metafile?.outputs ?? {});
  return entries.filter(([path]) => path.endsWith('.mjs')).map(([, output]) => output);
}

function demandBudget(name: string, metafile: Metafile): void {
  const bytes = weigh(metafile);
  const budget = name === 'stage-model' ? budgets['stage-model'] : budgets.default;
  if (bytes <= budget) return;
  throw new Error(`${name} has ${bytes} bytes, ${budget} is the budget:\n${heaviest(metafile)}`);
}

function heaviest(metafile: Metafile): string {
  return outputsOf(metafile)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .toSorted(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 10)
    .map(([path, { bytesInOutput }]) => `  ${bytesInOutput}  ${path}`)
    .join('\n');
}

async function copyVocabulary(folder: string): Promise<void> {
  const shipped = fileURLToPath(import.meta.resolve('gpt-tokenizer/data/o200k_base.tiktoken'));
  await copyFile(shipped, join(folder, 'o200k_base.tiktoken'));
}
