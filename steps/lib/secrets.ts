import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './log.ts';
import {
  camel,
  type Results,
  type Params,
  type Secrets,
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
    const read = await readSource(source, flags[`${name}-dir`], log);
    if (read.unreadable.length > 0) problems.push(`--${name}-dir: ${read.unreadable.join(', ')}`);
    else if (read.missing.length === 0) secrets[camel(name)] = read.values;
    else if (!source.optional || Object.keys(read.values).length > 0) {
      problems.push(`--${name}-dir: ${complain(read.missing, flags[`${name}-dir`])}`);
    }
  }
  return { secrets: secrets as SecretsOf<StepSpec<P, S, R>>, problems };
}

async function readSource(source: SecretSource, folder: string | undefined, log: Log) {
  const values: Record<string, string> = {};
  const missing: string[] = [];
  const unreadable: string[] = [];
  for (const [key, { secret, optional }] of Object.entries(source.keys)) {
    const value = folder ? await readKey(join(folder, key)) : '';
    if (value instanceof Error) {
      unreadable.push(`${key} cannot be read: ${value.message}`);
      continue;
    }
    if (value === '') {
      if (!optional) missing.push(key);
      continue;
    }
    if (secret) log.secret(value);
    values[key] = value;
  }
  return { values, missing, unreadable };
}

/** Empty when the key is absent. A Secret made by hand often ends with the newline of an editor, which no credential has. */
async function readKey(path: string): Promise<string | Error> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
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
