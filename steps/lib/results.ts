import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, StepError } from './errors.ts';
import { kebab } from './step.ts';

/** Tekton cuts a pod's termination message at 4 KiB and then fails a step that has done its work; half of it is ours. */
export const resultsLimit = 2048;

/** Writes each result as a file of that name, whole or not at all, without a newline (Tekton keeps one, and `when` then never matches). */
export async function writeResults(folder: string, results: Readonly<Record<string, string>>): Promise<void> {
  const sizes = Object.entries(results).map(([name, value]) => ({
    name,
    bytes: bytesInMessage(name, value),
  }));
  const size = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (size > resultsLimit) {
    throw new StepError(
      'internal',
      `results take ${size} bytes, more than the ${resultsLimit} a Task may give`,
      {
        evidence: sizes.map(({ name, bytes }) => `${name}: ${bytes} bytes`),
        hint: 'report this as a defect; nothing that large belongs in a result',
      },
    );
  }
  for (const [name, value] of Object.entries(results))
    await writeResult(folder, name, value.replace(/[\r\n]+$/, ''));
}

/** As Tekton takes them: by their names in the Task, lists as JSON. */
export function asTexts(
  results: Readonly<Record<string, string | readonly string[]>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(results).map(([key, value]) => [
      kebab(key),
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

/** Whether there is room for one more result beside the others. */
export function fitsBeside(others: Readonly<Record<string, string>>, name: string, value: string): boolean {
  const all = Object.entries({ ...others, [name]: value });
  return all.reduce((sum, [each, text]) => sum + bytesInMessage(each, text), 0) <= resultsLimit;
}

/** What a result takes in the message, where it travels as JSON that escapes `<`, `>` and `&` too. */
function bytesInMessage(name: string, value: string): number {
  const escaped = JSON.stringify([name, value]).replace(/[<>&\u2028\u2029]/g, '\\u0000');
  return Buffer.byteLength(escaped) + '{"key":,"value":,"type":1}'.length - '[,]'.length + ','.length;
}

async function writeResult(folder: string, name: string, value: string): Promise<void> {
  const path = join(folder, name);
  try {
    await writeFile(`${path}.partial`, value);
    await rename(`${path}.partial`, path);
  } catch (error) {
    throw new StepError('unavailable', `cannot write the result ${name}`, {
      evidence: [`${messageOf(error)} (file system, ${path})`],
      hint: 'look at the node: oc describe node, and see whether its disk is full (DiskPressure)',
      cause: error,
    });
  }
}
