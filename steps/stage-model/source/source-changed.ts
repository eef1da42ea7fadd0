import { StepError } from '../../lib/errors.ts';

/** Somebody writes to the source while we read it: what was listed of the file is no longer true. */
export function sourceChanged(path: string, seen: string, where: string): StepError {
  return new StepError('check', `${path} has changed while it was read`, {
    evidence: [`${seen} (${where})`],
    hint: 'run it again once nobody writes there; until then nothing of this is committed',
  });
}
