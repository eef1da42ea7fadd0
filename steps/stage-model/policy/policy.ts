import { s3Limits } from '../../lib/bucket/parts.ts';
import type { ModelFile } from '../source/listing.ts';
import { isPickle } from './pickle.ts';
import { parsePythonJson } from '../../lib/python-json.ts';

/** What is refused by its name, and why: vLLM needs none of it, and opening it can run somebody else's code. */
const refusedSuffixes: readonly { readonly suffixes: readonly string[]; readonly why: string }[] = [
  {
    suffixes: ['.pkl', '.pickle', '.pt', '.pth', '.ckpt', '.bin', '.joblib', '.dill', '.npy', '.npz', '.mar'],
    why: 'a pickle runs code when it is opened',
  },
  { suffixes: ['.h5', '.hdf5', '.keras', '.pb'], why: 'a Keras or TensorFlow file may hold code' },
  { suffixes: ['.py', '.pyc', '.ipynb', '.sh', '.ps1', '.bat', '.js'], why: 'is a program' },
  { suffixes: ['.so', '.dll', '.dylib', '.exe', '.whl', '.jar'], why: 'is a program' },
  {
    suffixes: ['.zip', '.tar', '.gz', '.tgz', '.bz2', '.xz', '.zst', '.7z', '.rar'],
    why: 'an archive is not looked into',
  },
];

/** Keys that make a loader fetch and run the repository's own Python. */
const codeKeys = new Set(['auto_map', 'custom_pipelines', 'trust_remote_code']);

/** Lists of tokens: any word may be a key there. */
const tokenLists = /(?:^|\/)(?:vocab|added_tokens|tokenizer|special_tokens_map)\.json$|\.index\.json$/;
/** Bytes that are read whole. JSON that is larger could hide behind its size what it asks a loader to do. */
export const jsonLimit = 8 * 2 ** 20;

/** Bytes of the largest object: as many of the largest parts as S3 takes. */
export const objectLimit = s3Limits.maxParts * s3Limits.maxPartSize;

export interface PolicyRules {
  readonly allowCode: readonly string[];
  readonly allowOwners: readonly string[];
  readonly allowLicenses: readonly string[];
  /** Bytes. */
  readonly maxSize: number;
}

export interface Refusal {
  readonly path: string;
  readonly why: string;
  /** The hash that --allow-code takes, where a review can lift the refusal. */
  readonly hash?: string;
}

interface Repository {
  readonly model: string;
  readonly license: string | undefined;
  readonly files: readonly ModelFile[];
}

/** What the listing alone says against the files that are to be staged. */
export function judgeListing({ model, license, files }: Repository, rules: PolicyRules): Refusal[] {
  const refusals: Refusal[] = [];
  const owner = model.split('/')[0] ?? '';
  if (rules.allowOwners.length > 0 && !rules.allowOwners.includes(owner))
    refusals.push({ path: model, why: `its owner is none of ${rules.allowOwners.join(', ')}` });
  if (rules.allowLicenses.length > 0 && !isAllowed(license ?? '', rules.allowLicenses))
    refusals.push({
      path: model,
      why: `its licence is ${license ?? 'not given'}, none of ${rules.allowLicenses.join(', ')}`,
    });
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > rules.maxSize)
    refusals.push({ path: model, why: `has ${bytes} bytes to stage, --max-size is ${rules.maxSize}` });
  return [
    ...refusals,
    ...files.flatMap((file) => judgeName(file)),
    ...files.flatMap((file) => judgeScan(file)),
    ...files.filter((file) => isJson(file) && file.size > jsonLimit).map((file) => tooLarge(file)),
    ...files
      .filter(({ size }) => size > objectLimit)
      .map(({ path, size }) => ({
        path,
        why: `has ${size} bytes, more than S3 stores in one object`,
      })),
  ];
}

/** Of several licences every one, since nobody here knows which files each is for. */
function isAllowed(license: string, allowed: readonly string[]): boolean {
  return allowed.includes(license) || license.split(', ').every((one) => allowed.includes(one));
}

function judgeName({ path, digest }: ModelFile): Refusal[] {
  const name = path.toLowerCase();
  const found = refusedSuffixes.find(({ suffixes }) => suffixes.some((suffix) => name.endsWith(suffix)));
  return found ? [{ path, why: found.why, hash: digest.hex }] : [];
}

function judgeScan({ path, scan }: ModelFile): Refusal[] {
  return scan === 'unsafe' || scan === 'suspicious'
    ? [{ path, why: `the Hub's own scan calls it ${scan}` }]
    : [];
}

function isJson({ path }: ModelFile): boolean {
  return path.endsWith('.json') && !tokenLists.test(path);
}

function tooLarge({ path, size, digest }: ModelFile): Refusal {
  const why = `has ${size} bytes, more than the ${jsonLimit} of JSON that are looked through`;
  return { path, why, hash: digest.hex };
}

/** How a file is to be read before it is believed: whole, only its beginning, or not at all. */
export function readingOf(file: ModelFile): 'json' | 'safetensors' | 'start' | 'nothing' {
  if (file.size === 0) return 'nothing';
  if (file.path.endsWith('.safetensors')) return 'safetensors';
  return isJson(file) && file.size <= jsonLimit ? 'json' : 'start';
}

/** What is read whole is proven by its hash at once; of these only the beginning is looked at before they are moved. */
export function isSeenInPart(file: ModelFile): boolean {
  const reading = readingOf(file);
  return reading === 'safetensors' || (reading === 'start' && file.size > jsonLimit);
}

/** Bytes of a file's beginning that `judgeStart` wants. */
export const startLength = 4096;

const magics: readonly { readonly bytes: readonly number[]; readonly at?: number; readonly why: string }[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], why: 'is a zip archive inside (PyTorch packs its pickles so)' },
  { bytes: [0x1f, 0x8b], why: 'is a gzip archive inside' },
  { bytes: [...Buffer.from('BZh')], why: 'is a bzip2 archive inside' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], why: 'is an xz archive inside' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], why: 'is a Zstandard archive inside' },
  { bytes: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], why: 'is a 7z archive inside' },
  { bytes: [...Buffer.from('Rar!\x1a\x07')], why: 'is a RAR archive inside' },
  { bytes: [...Buffer.from('ustar')], at: 257, why: 'is a tar archive inside' },
  { bytes: [0x93, ...Buffer.from('NUMPY')], why: 'is a NumPy file inside (it may hold a pickle)' },
  { bytes: [0x7f, 0x45, 0x4c, 0x46], why: 'is a program inside (ELF)' },
  { bytes: [0x4d, 0x5a], why: 'is a program inside (MZ)' },
  { bytes: [0x23, 0x21], why: 'is a script inside (#!)' },
  { bytes: [0x89, 0x48, 0x44, 0x46], why: 'is an HDF5 file inside' },
];

/** What the first bytes say, whatever the name. */
export function judgeStart({ path, size, digest }: ModelFile, start: Buffer): Refusal[] {
  const found = magics.find(({ bytes, at = 0 }) => bytes.every((byte, i) => start[at + i] === byte));
  const why = found?.why ?? (isPickle(start, size) ? 'is a pickle inside' : undefined);
  return why === undefined ? [] : [{ path, why, hash: digest.hex }];
}

/** What a small JSON file says; configuration that is no JSON is refused too, since nobody can say what a loader reads in it. */
export function judgeJson({ path, digest }: ModelFile, bytes: Buffer): Refusal[] {
  let value: unknown;
  try {
    value = parsePythonJson(bytes.toString('utf8'));
  } catch {
    return [{ path, why: 'is not JSON', hash: digest.hex }];
  }
  const keys = [...codeKeysIn(value)];
  return keys.length === 0
    ? []
    : [{ path, why: `has ${keys.join(', ')}: a loader may run the repository's own code`, hash: digest.hex }];
}

/**
 * However deep they lie; without recursion, which a file could make too deep. It may have millions of numbers too: only
 * objects and lists are kept, and no pair is made of a key and its value.
 */
function codeKeysIn(value: unknown): Set<string> {
  const found = new Set<string>();
  const left = [value].filter((one) => isBranch(one));
  for (let next = left.pop(); next; next = left.pop()) {
    for (const key of codeKeys) if (Object.hasOwn(next, key) && isSet(next[key])) found.add(key);
    for (const inner of insideOf(next)) if (isBranch(inner)) left.push(inner);
  }
  return found;
}

type Branch = Readonly<Record<string, unknown>>;

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null;
}

function isSet(value: unknown): boolean {
  return value !== false && value !== null;
}

function insideOf(branch: Branch): readonly unknown[] {
  return Array.isArray(branch) ? branch : Object.values(branch);
}
