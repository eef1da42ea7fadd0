import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

it('every file under steps/ has its mirror in test/', async () => {
  const missing: string[] = [];
  for await (const file of glob('steps/**/*.ts', { cwd: root })) {
    // Declarations and entry points are covered by the manifests and the bundles.
    if (/\/(spec|main)\.ts$|^steps\/index\.ts$/.test(file)) continue;
    // Of types alone nothing runs.
    if (!/^export (async )?(function|const|class)/m.test(await readFile(join(root, file), 'utf8'))) continue;
    const mirror = `test/${file.replace(/\.ts$/, '.test.ts')}`;
    if (!existsSync(join(root, mirror))) missing.push(mirror);
  }
  expect(missing.toSorted()).toEqual([]);
});
