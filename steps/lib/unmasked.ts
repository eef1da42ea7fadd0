import { StepError } from './errors.ts';
import type { Log } from './log.ts';

/** A later task takes a result at its word: one that holds a piece of a secret is neither published nor altered. */
export function demandUnmasked(results: Readonly<Record<string, string>>, log: Log): void {
  for (const [result, value] of Object.entries(results)) {
    const whose = log.secretIn(value);
    if (whose === undefined) continue;
    throw new StepError('usage', `${whose} also occurs in the result ${result}`, {
      evidence: [`${result}=${log.redact(value)} (*** is what both share)`],
      hint: hintFor(whose, result),
    });
  }
}

function hintFor(whose: string, result: string): string {
  const [, key, secret] = / (\S+) in (\S+)$/.exec(whose) ?? [];
  const others = `choose parameters that give another ${result}, such as --prefix`;
  if (key === undefined) return others;
  return `oc set data secret/<${secret}> ${key}=…   (another value; or ${others})`;
}
