import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const pages: string[] = [];
for await (const page of glob(['*.md', 'docs/**/*.md', 'tasks/*/README.md'], { cwd: root })) pages.push(page);

describe.each(pages)('%s', (page) => {
  it('links to what is there', async () => {
    const text = await readFile(join(root, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
      expect(existsSync(join(root, dirname(page), target)), `${page} links to ${target}`).toBe(true);
    }
  });
});

it('every decision is in the list of decisions', async () => {
  const folder = join(root, 'docs/decisions');
  const list = await readFile(join(folder, 'README.md'), 'utf8');
  for await (const page of glob('[0-9]*.md', { cwd: folder })) {
    const title = /^# (.*)$/m.exec(await readFile(join(folder, page), 'utf8'))?.[1] ?? '';
    expect(list).toContain(`- [${title.slice(0, 4)}](${page}) ${title.slice(5)}`);
  }
});
