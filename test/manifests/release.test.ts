import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(root, path), 'utf8');
const { version, optionalDependencies } = JSON.parse(await read('package.json')) as {
  version: string;
  optionalDependencies: Record<string, string>;
};

describe('the version', () => {
  it.each([
    ['CHANGELOG.md', new RegExp(`^## ${version.replaceAll('.', '\\.')}$`, 'm')],
    ['Containerfile', new RegExp(`image.version="${version.replaceAll('.', '\\.')}"`)],
  ])('stands in %s', async (file, shape) => {
    expect(await read(file)).toMatch(shape);
  });

  it.each(['kustomization.yaml', 'triggers/kustomization.yaml'])('is the tag in %s', async (file) => {
    const { images } = parse(await read(file)) as { images: { name: string; newTag: string }[] };
    expect(images).toEqual([{ name: 'localhost/llm-rollout', newTag: version }]);
  });
});

describe('Node', () => {
  it('is of the same major in the image, in npm scripts and here', async () => {
    const image = /nodejs-(\d+)/.exec(await read('Containerfile'))?.[1];
    const majors = Object.values(optionalDependencies).map((one) => one.split('.')[0]);
    expect([image, ...majors]).toEqual(['24', '24', '24']);
    expect(process.versions.node).toMatch(/^24\./);
  });
});

describe('the lock file', () => {
  it('names no address, so that every mirror will do', async () => {
    expect(await read('package-lock.json')).not.toMatch(/"resolved"/);
  });

  it('holds every platform of every package, so that npm ci passes on all of them', async () => {
    const { packages } = JSON.parse(await read('package-lock.json')) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
    const missing = wanted.filter(
      (name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)),
    );
    expect(missing).toEqual([]);
  });
});
