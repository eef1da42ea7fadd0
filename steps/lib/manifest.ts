import type { Bucket, BucketObject } from './bucket.ts';
import { type Digest, sha256 } from './digest.ts';
import { StepError } from './errors.ts';

/** A file as it lies under the model's prefix. */
export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly digest: Digest;
  /** Bytes of a part when the file is moved in several; absent when one request holds it. */
  readonly partSize?: number;
}

export interface PolicyVerdict {
  readonly rule: string;
  readonly verdict: string;
}

/** What was staged: the commit marker. It is written last, once every object is proven, and nothing under its prefix changes afterwards. */
export interface Manifest {
  readonly repository: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** `<prefix>/<commit>/`. */
  readonly prefix: string;
  /** The ordered rules that chose the files; a line with `!` takes back in. */
  readonly selection: readonly string[];
  readonly files: readonly ManifestFile[];
  readonly policy: readonly PolicyVerdict[];
  /** Put beside the model from the image, not from the repository. */
  readonly vocabulary: { readonly path: string; readonly size: number; readonly sha256: string } | null;
  readonly tool: string;
}

const schema = 1;

/** Deterministic bytes: same inputs, same object; no time, no host, no run in it. */
export function renderManifest(manifest: Manifest): Buffer {
  const files = [...manifest.files]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, size, digest, partSize }) => ({
      path,
      size,
      [digest.algorithm]: digest.hex,
      ...(partSize === undefined ? {} : { partSize }),
    }));
  const { repository, commit, prefix, selection, policy, vocabulary, tool } = manifest;
  const body = { schema, repository, commit, prefix, selection, files, policy, vocabulary, tool };
  return Buffer.from(`${JSON.stringify(body, null, 2)}\n`);
}

export function manifestDigest(bytes: Buffer): string {
  return sha256(bytes);
}

/** Everything that we keep about a repository, outside every model prefix. */
export function stateFolder(statePrefix: string, model: string): string {
  return `${statePrefix}/${model.replace('/', '--')}/`;
}

export function manifestsFolder(state: string): string {
  return `${state}manifests/`;
}

export function manifestKey(state: string, commit: string): string {
  return `${manifestsFolder(state)}${commit}.json`;
}

export interface StoredManifest {
  readonly manifest: Manifest;
  readonly digest: string;
  readonly key: string;
}

/** The manifest at this key; undefined when nothing is committed there. */
export async function readManifest(
  bucket: Bucket,
  key: string,
  signal?: AbortSignal,
): Promise<StoredManifest | undefined> {
  const bytes = await bucket.get(key, signal);
  return (
    bytes && { manifest: parseManifest(bytes, `${bucket.name}/${key}`), digest: manifestDigest(bytes), key }
  );
}

export function parseManifest(bytes: Buffer, where: string): Manifest {
  const problem = (what: string) =>
    new StepError('check', `the commit marker is not one of ours: ${what}`, {
      evidence: [`${JSON.stringify(bytes.subarray(0, 120).toString('utf8'))} (S3, ${where})`],
      hint: `aws s3 rm s3://${where}   (then run again with --read-back=always: without the marker everything under the prefix is read and proven anew)`,
    });
  const body = parseObject(bytes);
  if (!body) throw problem('no JSON object');
  if (body['schema'] !== schema)
    throw problem(`schema ${String(body['schema'])}, this version writes ${schema}`);
  const texts = ['repository', 'commit', 'prefix', 'tool'].filter((name) => typeof body[name] !== 'string');
  if (texts.length > 0) throw problem(`no ${texts.join(', ')}`);
  const { files, policy, vocabulary } = body;
  if (!Array.isArray(files) || !files.every(isFile)) throw problem('files without path, size or hash');
  if (!Array.isArray(policy) || !policy.every(isVerdict)) throw problem('policy without rules or verdicts');
  if (vocabulary !== null && !isVocabulary(vocabulary))
    throw problem('vocabulary without path, size or hash');
  return { ...(body as unknown as Manifest), files: files.map(toFile) };
}

/** A key under the prefix that is not as the manifest says: bytes wanted, bytes found; undefined where there is none. */
export interface Difference {
  readonly key: string;
  readonly wanted: number | undefined;
  readonly found: number | undefined;
}

/** What lies under the prefix and is not what the manifest says: missing, of another size, or not of ours. Lines for people. */
export function differences(manifest: Manifest, listing: readonly BucketObject[]): string[] {
  return differingObjects(manifest, listing).map((difference) => describeDifference(difference));
}

export function differingObjects(manifest: Manifest, listing: readonly BucketObject[]): Difference[] {
  const there = new Map(listing.map((object) => [object.key, object.size]));
  const wanted = new Map<string, number>(
    [...manifest.files, ...(manifest.vocabulary ? [manifest.vocabulary] : [])].map(({ path, size }) => [
      manifest.prefix + path,
      size,
    ]),
  );
  const others = [...there.keys()].filter((key) => !wanted.has(key) && !isFolder(key));
  return [...wanted.keys(), ...others]
    .map((key) => ({ key, wanted: wanted.get(key), found: there.get(key) }))
    .filter(({ wanted, found }) => wanted !== found);
}

export function describeDifference({ key, wanted, found }: Difference): string {
  if (found === undefined) return `${key} is missing`;
  if (wanted === undefined) return `${key} is there and not in the manifest`;
  return `${key} has ${found} bytes, the manifest says ${wanted}`;
}

/** Consoles make empty objects for folders; KServe skips them, and so do we. */
export function isFolder(key: string): boolean {
  return key.endsWith('/');
}

interface FileJson {
  readonly path: string;
  readonly size: number;
  readonly sha256?: string;
  readonly 'git-sha1'?: string;
  readonly partSize?: number;
}

function toFile({ path, size, partSize, ...hashes }: FileJson): ManifestFile {
  const digest: Digest =
    hashes.sha256 === undefined
      ? { algorithm: 'git-sha1', hex: hashes['git-sha1'] ?? '' }
      : { algorithm: 'sha256', hex: hashes.sha256 };
  return { path, size, digest, ...(partSize === undefined ? {} : { partSize }) };
}

function isFile(value: unknown): value is FileJson {
  if (typeof value !== 'object' || value === null) return false;
  const { path, size, sha256, 'git-sha1': gitSha1 } = value as Record<string, unknown>;
  return typeof path === 'string' && typeof size === 'number' && typeof (sha256 ?? gitSha1) === 'string';
}

function isVerdict(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { rule, verdict } = value as Record<string, unknown>;
  return typeof rule === 'string' && typeof verdict === 'string';
}

function isVocabulary(value: unknown): boolean {
  return isFile(value) && typeof value.sha256 === 'string';
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
