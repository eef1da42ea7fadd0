import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';

/** Licences that may be in the image. Another one is a decision for a person. */
const allowed = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Unlicense',
  'BlueOak-1.0.0',
  'CC0-1.0',
  '(MIT OR Apache-2.0)',
]);

/** The licence texts of every package that the bundles hold, found by what esbuild really put in. */
export async function collectLicenses(root: string, metafiles: readonly Metafile[]): Promise<string> {
  const folders = new Set<string>(['node_modules/gpt-tokenizer']);
  for (const input of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
    if (match?.[1]) folders.add(match[1]);
  }
  const texts = [];
  for (const folder of [...folders].toSorted()) texts.push(await describePackage(join(root, folder)));
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

async function describePackage(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(
    await readFile(join(folder, 'package.json'), 'utf8'),
  ) as Record<string, string>;
  if (!license || !allowed.has(license))
    throw new Error(`${name} ${version} has the licence "${license}", which nobody has agreed to`);
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e(\.|$)|^copying/i.test(entry));
  const text = file ? await readFile(join(folder, file), 'utf8') : '(the package ships no licence file)';
  return `${name} ${version}\n${license}\n\n${text.trim()}\n`;
}
