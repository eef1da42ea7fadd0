import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

describe('the codes of what is found', () => {
  it('stand in the README of wait-ready, all of them and no other', async () => {
    const readme = await readFile(join(root, 'tasks/wait-ready/README.md'), 'utf8');
    const rows = readme.split('\n').filter((line) => line.startsWith('| `LD'));
    expect(rows.flatMap(codesIn)).toEqual(await codesOfSteps());
  });
});

/** In order; those of the smoke test stand in its own README. */
async function codesOfSteps(): Promise<string[]> {
  const codes = new Set<string>();
  for await (const file of glob('steps/**/*.ts', { cwd: root })) {
    for (const code of codesIn(await readFile(join(root, file), 'utf8'))) codes.add(code);
  }
  return [...codes].filter((code) => !code.startsWith('LD190')).sort();
}

function codesIn(text: string): string[] {
  return text.match(/\bLD\d{3} [A-Z][A-Z0-9_]+/g) ?? [];
}
