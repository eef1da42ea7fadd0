import { StepError } from '../../lib/errors.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { firstLines } from '../first-lines.ts';
import { type Rule, selectFiles } from '../policy/select.ts';
import type { Unfit, Walk } from './folder-walk.ts';

/** Refuses all that cannot be staged and that no rule leaves out. */
export function demandFit({ files, unfit }: Walk, rules: readonly Rule[], where: string): void {
  const kept = new Set(selectFiles<{ readonly path: string }>([...files, ...unfit], rules).kept);
  const refused = unfit.filter((entry) => kept.has(entry));
  if (refused.length > 0) throw notStageable(refused, where);
}

function notStageable(refused: readonly Unfit[], where: string): StepError {
  const [one] = refused;
  const count = refused.length === 1 ? 'one entry' : `${refused.length} entries`;
  const lines = refused.map(({ path, problem }) => `${JSON.stringify(path)} ${problem} (${where})`);
  return new StepError('check', `${count} of the folder cannot be staged`, {
    evidence: firstLines(lines),
    hint: `leave out what the model does not need: --ignore=${shellWord(one?.path ?? '')}; or copy the model with its links followed: cp -rL <folder> <new folder>`,
  });
}
