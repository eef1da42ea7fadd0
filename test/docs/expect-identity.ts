import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { createLog } from '../../steps/lib/log.ts';
import { systemClock } from '../../steps/lib/retry.ts';
import { folderOrigin } from '../../steps/stage-model/source/folder-origin.ts';
import { layFiles, makeFolder, notesOf, type Tree } from '../steps/stage-model/sources.ts';

/** The command gives what stage-model calls a folder, whatever else lies or leads there. */
export async function expectIdentity(command: string): Promise<void> {
  const model = {
    'config.json': Buffer.from('{}'),
    'b/é x.txt': Buffer.from('b'),
    'b/.git/HEAD': Buffer.from('x'),
  };
  const { 'config.json': config, ...others } = model;
  const cases: Tree[] = [
    {},
    { '.git/HEAD': Buffer.from('ref: x'), 'lost+found/1': Buffer.from('1') },
    { '.git': Buffer.from('gitdir: elsewhere') },
    {
      ...notesOf({ 'config.json': config }, 'a'.repeat(40)),
      ...notesOf(others, 'c'.repeat(40)),
    },
  ];
  for (const beside of cases) {
    for (const link of [undefined, 'link.json']) {
      const path = await makeFolder();
      await layFiles(path, { ...model, ...beside });
      if (link !== undefined) await symlink('config.json', join(path, link));
      const log = createLog({ write: () => {}, env: {}, step: 'stage-model' });
      const origin = folderOrigin({ path, rules: [], revision: 'main', log, clock: systemClock });
      const { commit } = await origin.open(new AbortController().signal);
      const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: path });
      expect(stdout.trim(), `${Object.keys(beside).join()} ${link}`).toBe(commit);
    }
  }
}
