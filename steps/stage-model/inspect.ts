import { digestOf } from '../lib/digest.ts';
import { StepError } from '../lib/errors.ts';
import type { Hub } from '../lib/hub.ts';
import type { ModelFile } from './listing.ts';
import { judgeJson, judgeStart, readingOf, type Refusal, startLength } from './policy.ts';
import { forEachAtOnce } from './pool.ts';
import { headerLength, judgeHeader, lengthField } from './safetensors.ts';

/** Where the files are read from. */
export interface Source {
  readonly hub: Hub;
  readonly model: string;
  readonly commit: string;
  readonly signal: AbortSignal;
}

const atOnce = 8;
const readAttempts = 3;

/** Reads what the policy has to see of each file before any byte is stored: small JSON whole, headers of the others. */
export async function inspectFiles(files: readonly ModelFile[], source: Source): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  await forEachAtOnce(
    files,
    atOnce,
    async (file, signal) => void refusals.push(...(await inspectTwice(file, { ...source, signal }))),
    source.signal,
  );
  return refusals.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A header that came wrong over the wire is not the file's fault: what is refused has been read twice. */
async function inspectTwice(file: ModelFile, source: Source): Promise<Refusal[]> {
  const refusals = await inspectFile(file, source);
  return refusals.length === 0 ? refusals : inspectFile(file, source);
}

async function inspectFile(file: ModelFile, source: Source): Promise<Refusal[]> {
  switch (readingOf(file)) {
    case 'nothing':
      return [];
    case 'json':
      return judgeJson(file, await readWhole(file, source));
    case 'safetensors':
      return inspectSafetensors(file, source);
    case 'start':
      return judgeStart(file, await readBytes(file, 0, Math.min(startLength, file.size), source));
  }
}

async function inspectSafetensors(file: ModelFile, source: Source): Promise<Refusal[]> {
  const field = await readBytes(file, 0, Math.min(lengthField, file.size), source);
  const length = headerLength(field, file.size);
  const why =
    typeof length === 'string'
      ? length
      : judgeHeader(await readBytes(file, lengthField, lengthField + length, source), file.size);
  return why === undefined ? [] : [{ path: file.path, why }];
}

/** A small file, its bytes proven. */
export async function readWhole(file: ModelFile, source: Source): Promise<Buffer> {
  const seen: string[] = [];
  while (seen.length < readAttempts) {
    const bytes = await readBytes(file, 0, file.size, source);
    const digest = digestOf(file.digest.algorithm, bytes);
    if (digest === file.digest.hex) return bytes;
    seen.push(`read ${seen.length + 1}: ${file.digest.algorithm} ${digest}`);
  }
  throw wrongBytes(file, source, seen);
}

async function readBytes(file: ModelFile, start: number, end: number, source: Source): Promise<Buffer> {
  const { hub, model, commit, signal } = source;
  const chunks: Buffer[] = [];
  if (end === start) return Buffer.alloc(0);
  for await (const chunk of hub.readRange({ model, commit, file: toHubFile(file), start, end }, signal))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The file as the Hub listed it. */
export function toHubFile({ path, size, digest }: ModelFile) {
  return digest.algorithm === 'sha256'
    ? { path, size, sha256: digest.hex }
    : { path, size, gitSha1: digest.hex };
}

/** The Hub's bytes are not those that it lists; `seen` says what came instead. */
export function wrongBytes(
  { path, digest }: ModelFile,
  { hub, model, commit }: Pick<Source, 'hub' | 'model' | 'commit'>,
  seen: readonly string[],
): StepError {
  const address = `${hub.endpoint}/${model}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
  return new StepError('check', `the bytes of ${path} do not match the hash that the Hub lists`, {
    evidence: [`listed: ${digest.algorithm} ${digest.hex} (${hub.endpoint}, ${model}@${commit})`, ...seen],
    hint: `curl -sL ${address} | ${digest.algorithm === 'sha256' ? 'sha256sum' : 'git hash-object --stdin'}   (a proxy or a mirror on the way may change bytes)`,
  });
}
