import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectLicenses } from '../../steps/licenses.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'llm-rollout-licenses-'));
  await install('gpt-tokenizer', 'MIT', 'MIT text');
});

afterEach(() => rm(root, { recursive: true }));

async function install(name: string, license: string, text?: string): Promise<void> {
  const folder = join(root, 'node_modules', name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0', license }));
  if (text !== undefined) await writeFile(join(folder, 'LICENSE.md'), text);
}

const bundled = (...paths: string[]) =>
  paths.map((path) => ({ inputs: { [path]: { bytes: 1, imports: [] } }, outputs: {} }));

describe('collectLicenses', () => {
  it('gives the text of every package that is inside, scoped and nested ones too', async () => {
    await install('@a/b', 'Apache-2.0', 'text of b');
    await install('@a/b/node_modules/c', 'ISC', 'text of c');
    const texts = await collectLicenses(
      root,
      bundled('node_modules/@a/b/x.js', 'node_modules/@a/b/node_modules/c/y.js', 'steps/build.ts'),
    );
    for (const part of ['@a/b 1.0.0\nApache-2.0', 'text of b', 'text of c', 'gpt-tokenizer']) {
      expect(texts).toContain(part);
    }
  });

  it('says when a package ships no text', async () => {
    await install('bare', 'MIT');
    expect(await collectLicenses(root, bundled('node_modules/bare/x.js'))).toContain('ships no licence file');
  });

  it('refuses a licence that nobody has agreed to', async () => {
    await install('viral', 'AGPL-3.0', 'text');
    await expect(collectLicenses(root, bundled('node_modules/viral/x.js'))).rejects.toThrow(
      'viral 1.0.0 has the licence "AGPL-3.0"',
    );
  });
});
