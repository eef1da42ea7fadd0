import { isRecord, parseJson } from '../lib/json.ts';
import { canonicalJson } from '../lib/serving/canonical.ts';
import type { EnvVar, InferenceService, ServingRuntime } from '../lib/serving/service.ts';
import { type RolloutRecord, sameRollout } from '../lib/serving/rollouts.ts';

export function chooseStrategy({
  strategy,
  gpu,
  replicas,
}: {
  readonly strategy: 'auto' | 'Recreate' | 'RollingUpdate';
  readonly gpu: number;
  readonly replicas: number;
}): 'Recreate' | 'RollingUpdate' {
  if (strategy !== 'auto') return strategy;
  // With the only GPU in the old pod's hands the new one would stay Pending for ever, and the service would call itself Ready.
  return gpu > 0 && replicas === 1 ? 'Recreate' : 'RollingUpdate';
}

export function encodingsVariable(encodingsBase: string): EnvVar[] {
  return encodingsBase === '' ? [] : [{ name: encodingsName, value: encodingsBase }];
}

export const encodingsName = 'TIKTOKEN_ENCODINGS_BASE';

/** vLLM's own default is 8000. */
export function portOf(args: readonly string[]): number {
  return Number(flagOf(args, '--port') ?? 8000);
}

/** The first name that vLLM will answer to; without the flag it is the model's path. */
export function servedName(args: readonly string[], service: string): string {
  const name = flagOf(args, '--served-model-name') ?? flagOf(args, '--model') ?? '/mnt/models';
  return name.replaceAll('{{.Name}}', service);
}

export function flagOf(args: readonly string[], flag: string): string | undefined {
  const at = args.findLastIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const arg = args[at];
  return arg === flag ? args[at + 1] : arg?.slice(flag.length + 1);
}

/**
 * The variable and the vocabulary are one pair: with the variable but without the file vLLM becomes Ready and answers every chat with 500.
 * `applied` is the API server's answer, so that fields of other managers count.
 */
export function checkEncodings(
  applied: InferenceService,
  runtime: ServingRuntime,
  encodingsBase: string,
): string | undefined {
  const all = [
    ...(runtime.spec.containers[0]?.env ?? []),
    ...(applied.spec?.predictor?.model?.env ?? []),
  ].filter(({ name }) => name === encodingsName);
  const wrong = all.find(({ value }) => value !== encodingsBase);
  if (wrong) return `${encodingsName}=${wrong.value ?? '(from elsewhere)'}`;
  return encodingsBase !== '' && all.length === 0 ? `${encodingsName} is not set` : undefined;
}

/** Whether `live` has everything that `wanted` says; more is allowed in objects, not in lists. */
export function covers(live: unknown, wanted: unknown): boolean {
  if (isRecord(wanted))
    return isRecord(live) && Object.keys(wanted).every((key) => covers(live[key], wanted[key]));
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(live) &&
      live.length === wanted.length &&
      wanted.every((each, at) => covers(live[at], each))
    );
  }
  return canonicalJson(live ?? null) === canonicalJson(wanted ?? null);
}

interface Wanted {
  readonly specHash: string;
  readonly manifestDigest: string;
}

/**
 * What to do with a service whose dry run shows that it `differs`, or whose runtime is gone: the model may restart when that is
 * made anew. Only what was promoted is left alone: a twin that was never proven is proven now.
 */
export function decideApply(
  record: RolloutRecord | undefined,
  wanted: Wanted,
  differs: boolean,
): 'unchanged' | 'apply' {
  return !differs && sameRollout(record?.promoted, wanted) ? 'unchanged' : 'apply';
}

/** Why the entry of a data connection in storage-config cannot work; nothing when it can. */
export function checkStorageEntry(text: string): string | undefined {
  const entry = parseJson(text);
  if (entry === undefined) return 'is not JSON';
  const missing = ['access_key_id', 'secret_access_key', 'endpoint_url', 'bucket'].filter(
    (key) => !isRecord(entry) || entry[key] === undefined || entry[key] === '',
  );
  if (!isRecord(entry) || entry['type'] !== 's3') {
    return 'has not the type s3: the data connection lacks the annotation opendatahub.io/connection-type: s3';
  }
  return missing.length > 0 ? `has no ${missing.join(', ')}` : undefined;
}
