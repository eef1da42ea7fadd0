import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './log.ts';
import {
  camel,
  type Results,
  type Params,
  type Secrets,
  type SecretKey,
  type SecretsOf,
  type SecretSource,
  type StepSpec,
} from './step.ts';

interface SecretsRead<Spec> {
  readonly secrets: SecretsOf<Spec>;
  readonly problems: readonly string[];
}

/** Reads the mounted Secrets of a step, masks what is secret in the log, and says all that is missing. */
export async function readSecrets<P extends Params, S extends Secrets, R extends Results>(
  spec: StepSpec<P, S, R>,
  flags: Readonly<Record<string, string>>,
  log: Log,
): Promise<SecretsRead<StepSpec<P, S, R>>> {
  const secrets: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, source] of Object.entries<SecretSource>(spec.secrets)) {
    const read = await readSource(name, source, flags[`${name}-dir`], log);
    const { values, missing, wrong } = read;
    problems.push(...wrong.map((problem) => `--${name}-dir: ${problem}`));
    if (missing.length === 0 && wrong.length === 0) secrets[camel(name)] = values;
    const given = Object.keys(values).length + wrong.length > 0;
    if (missing.length > 0 && (!source.optional || given))
      problems.push(`--${name}-dir: ${complain(missing, flags[`${name}-dir`])}`);
  }
  return { secrets: secrets as SecretsOf<StepSpec<P, S, R>>, problems };
}

async function readSource(name: string, source: SecretSource, folder: string | undefined, log: Log) {
  const values: Record<string, string> = {};
  const missing: string[] = [];
  const wrong: string[] = [];
  for (const [key, rules] of Object.entries(source.keys)) {
    const { secret, optional } = rules;
    const read = folder ? await readKey(join(folder, key)) : '';
    // A Secret made by hand often ends with the newline of an editor or of `echo`, which no credential has.
    const value = read instanceof Error ? read : read.trim();
    if (value instanceof Error) {
      wrong.push(`${key} cannot be read: ${value.message}`);
      continue;
    }
    if (value === '') {
      if (!optional) missing.push(key);
      continue;
    }
    const flaw = flawOf(value, { ...rules, trimmed: value !== read });
    if (flaw !== undefined) {
      wrong.push(`${key} of the Secret mounted in ${folder} ${flaw}`);
      continue;
    }
    if (secret === 'word') log.word(value);
    else if (secret) log.secret(value, `the value of ${key} in ${name}`);
    values[key] = value;
  }
  return { values, missing, wrong };
}

function flawOf(
  value: string,
  { trimmed, secret, exact }: SecretKey & { readonly trimmed: boolean },
): string | undefined {
  if (exact && trimmed) return 'begins or ends with a space or a newline';
  const sign = secret ? strangeSign(value) : undefined;
  return sign && `has ${sign}, and can only be printable ASCII`;
}

/** The first character that no credential has; in a header it would fail, late and unexplained: `U+200B at character 21`. */
function strangeSign(value: string): string | undefined {
  const found = /[^\x20-\x7e]/u.exec(value);
  if (!found) return undefined;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `U+${code} at character ${found.index + 1}`;
}

/** Empty when the key is absent. */
async function readKey(path: string): Promise<string | Error> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const absent = 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
    return absent ? '' : error;
  }
}

function complain(missing: readonly string[], folder: string | undefined): string {
  if (!folder) return 'is required: the folder that the Secret is mounted in';
  return `the Secret mounted in ${folder} is not there or has no ${missing.join(', ')}`;
}
