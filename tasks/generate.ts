import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { specs } from '../steps/index.ts';
import { firstDifference, fillMarks, type Generated } from './generated.ts';
import { renderRbac } from './render-rbac.ts';
import { exitCodeTable, renderTaskReadme, taskTable } from './render-readme.ts';
import { renderTask } from './render-task.ts';

const root = join(import.meta.dirname, '..');

process.exitCode = await generate(process.argv.includes('--check'));

/** Writes what the specs declare, or with `check` only says where the committed files differ. Gives the exit code. */
async function generate(check: boolean): Promise<number> {
  const files = await renderAll();
  let drifted = 0;
  for (const { path, text } of files) {
    const committed = existsSync(join(root, path)) ? await readFile(join(root, path), 'utf8') : undefined;
    if (committed === text) continue;
    drifted += 1;
    if (check) console.error(firstDifference(path, committed, text));
    else {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
      console.log(`wrote ${path}`);
    }
  }
  if (check && drifted > 0) console.error('Try: npm run generate   (and commit what it writes)');
  return check && drifted > 0 ? 1 : 0;
}

async function renderAll(): Promise<Generated[]> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const files: Generated[] = [];
  for (const spec of specs) {
    const readme = `tasks/${spec.name}/README.md`;
    files.push(
      { path: `tasks/${spec.name}/${spec.name}.yaml`, text: renderTask(spec, version) },
      ...renderRbac(spec),
      { path: readme, text: renderTaskReadme(spec, await readIfThere(readme)) },
    );
  }
  files.push({
    path: 'README.md',
    text: fillMarks(await readIfThere('README.md'), {
      'exit-codes': exitCodeTable(),
      tasks: taskTable(specs),
    }),
  });
  return files;
}

async function readIfThere(path: string): Promise<string> {
  return existsSync(join(root, path)) ? readFile(join(root, path), 'utf8') : '';
}
