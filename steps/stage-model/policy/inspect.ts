import { forEachAtOnce } from '../../lib/at-once.ts';
import { digestOf } from '../../lib/digest.ts';
import { StepError } from '../../lib/errors.ts';
import type { ModelFile } from '../source/listing.ts';
import type { Source } from '../source/origin.ts';
import { isSeenInPart, judgeJson, judgeStart, readingOf, type Refusal, startLength } from './policy.ts';
import { createSlots } from '../pace/slots.ts';
import { headerLength, judgeHeader, lengthField } from './safetensors.ts';

/** What a file is read with. */
export interface Reading {
  readonly source: Source;
  readonly signal: AbortSignal;
}

const atOnce = 8;
const readAttempts = 3;
/** Bytes of a header that is read and parsed alone: parsed, it takes many times as much. */
const largeHeader = 2 ** 21;
const oneByOne = createSlots(1);

/** Reads what the policy has to see of each file before any byte is stored: small JSON whole, headers of the others. */
export async function inspectFiles(files: readonly ModelFile[], reading: Reading): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  await forEachAtOnce(
    files,
    atOnce,
    async (file, signal) => void refusals.push(...(await inspectAgain(file, { ...reading, signal }))),
    reading.signal,
  );
  return refusals.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A header that came wrong over the wire is not the file's fault: what is refused was seen each time. */
async function inspectAgain(file: ModelFile, reading: Reading): Promise<Refusal[]> {
  for (let reads = 1; ; reads += 1) {
    const refusals = await inspectFile(file, reading);
    if (refusals.length === 0 || reads === readAttempts) return refusals;
  }
}

async function inspectFile(file: ModelFile, reading: Reading): Promise<Refusal[]> {
  switch (readingOf(file)) {
    case 'nothing':
      return [];
    case 'json':
      return judgeJson(file, await readWhole(file, reading));
    case 'safetensors':
      return inspectSafetensors(file, reading);
    case 'start':
      return judgeStart(file, await readStart(file, reading));
  }
}

/** Of a small file all, since then its bytes are proven. */
function readStart(file: ModelFile, reading: Reading): Promise<Buffer> {
  return isSeenInPart(file) ? readBytes(file, 0, startLength, reading) : readWhole(file, reading);
}

async function inspectSafetensors(file: ModelFile, reading: Reading): Promise<Refusal[]> {
  const field = await readBytes(file, 0, Math.min(lengthField, file.size), reading);
  const length = headerLength(field, file.size);
  const judge = async (bytes: number) =>
    judgeHeader(await readBytes(file, lengthField, lengthField + bytes, reading), file.size);
  const why =
    typeof length === 'string'
      ? length
      : await (length > largeHeader ? oneByOne.run(() => judge(length)) : judge(length));
  return why === undefined ? [] : [{ path: file.path, why }];
}

/** A small file, its bytes proven. */
export async function readWhole(file: ModelFile, reading: Reading): Promise<Buffer> {
  const seen: string[] = [];
  while (seen.length < readAttempts) {
    const bytes = await readBytes(file, 0, file.size, reading);
    const digest = digestOf(file.digest.algorithm, bytes);
    if (digest === file.digest.hex) return bytes;
    seen.push(`read ${seen.length + 1}: ${file.digest.algorithm} ${digest}`);
  }
  throw wrongBytes(file, reading, seen);
}

async function readBytes(
  file: ModelFile,
  start: number,
  end: number,
  { source, signal }: Reading,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  if (end === start) return Buffer.alloc(0);
  for await (const chunk of source.read(file, { start, end }, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The bytes are not those that were listed; `seen` says what came instead. */
export function wrongBytes(
  file: ModelFile,
  { source }: Pick<Reading, 'source'>,
  seen: readonly string[],
): StepError {
  const { path, digest } = file;
  return new StepError('check', `the bytes of ${path} do not match the hash that is listed`, {
    evidence: [`listed: ${digest.algorithm} ${digest.hex} (${source.where})`, ...seen],
    hint: `${source.hashCommand(file)}   (${source.suspicion})`,
  });
}
