import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** The faults that staging and the vocabulary have to survive or name, each with tests that have its number. */
const faults = [...Array.from({ length: 50 }, (_, i) => `F${i + 1}`), 'F49b'];

test('every fault of the matrix has a test with its number', async () => {
  const named = new Set<string>();
  for await (const file of glob('**/*.test.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8');
    // In the title of a test or of the rows that it is given.
    for (const [, title = ''] of text.matchAll(/['"`]((?:P\d+ )*F\d+b?\b[^'"`\n]*)/g))
      for (const [number] of title.matchAll(/F\d+b?/g)) named.add(number);
  }
  expect(faults.filter((fault) => !named.has(fault))).toEqual([]);
});
