import { listFiles, type ListFileEntry, modelInfo } from '@huggingface/hub';
import { type Digest, digestNamed, isCommit } from '../digest.ts';
import { StepError } from '../errors.ts';
import type { HubFile, HubRevision } from '../hub.ts';
import { createApiFetch, orWithoutQuery } from './api-fetch.ts';
import { finalOf, HubFault } from './fault.ts';
import { checkCommit, checkModel, checkRevision } from './names.ts';
import { type HubSettings, isMirror } from './settings.ts';
import { siblingsOf } from './siblings.ts';

/** Hub.resolveRevision: the commit that a branch, a tag or a commit stands for right now. */
export async function resolveRevision(
  hub: HubSettings,
  model: string,
  revision: string,
  signal?: AbortSignal,
): Promise<HubRevision> {
  const about = { model: checkModel(model), revision: checkRevision(revision) };
  const info = await explained(hub, signal, () =>
    modelInfo({
      name: model,
      revision,
      hubUrl: baseOf(hub),
      additionalFields: ['sha', 'cardData', 'tags'],
      fetch: orWithoutQuery(createApiFetch(hub, about, signal)),
    }),
  );
  if (!isCommit(info.sha) || (isCommit(revision) && info.sha !== revision))
    throw unlike(hub, `sha: ${JSON.stringify(info.sha)} for revision ${revision}`);
  const license = licenseOf(info.cardData, info.tags);
  return {
    commit: info.sha,
    gated: Boolean(info.gated),
    private: info.private,
    ...(license === undefined ? {} : { license }),
  };
}

/** Hub.listFiles: every file of a commit, folders left out, in the order of the Hub. */
export async function listTree(
  hub: HubSettings,
  model: string,
  commit: string,
  signal?: AbortSignal,
): Promise<HubFile[]> {
  const about = { model: checkModel(model), revision: checkCommit(commit) };
  return await explained(hub, signal, async () => {
    try {
      return await readTree(hub, about, signal);
    } catch (error) {
      if (!isMirror(hub) || !(error instanceof HubFault) || !treeless.has(error.unnamed ?? 0)) throw error;
      hub.log.warn("hub: no tree here, so the files are listed by the revision, without the Hub's scans", {
        endpoint: hub.endpoint.host,
        status: String(error.unnamed),
      });
      return await readSiblings(hub, about, signal);
    }
  });
}

/** How a server answers that does not know the address; Nexus by 400. */
const treeless = new Set([400, 404, 405]);

interface Commit {
  readonly model: string;
  readonly revision: string;
}

async function readTree(hub: HubSettings, about: Commit, signal?: AbortSignal): Promise<HubFile[]> {
  const files = new Map<string, HubFile>();
  const listed = new Set<string>();
  const entries = listFiles({
    repo: { type: 'model', name: about.model },
    revision: about.revision,
    recursive: true,
    expand: true,
    hubUrl: baseOf(hub),
    fetch: createApiFetch(hub, about, signal),
  });
  for await (const entry of entries) {
    listed.add(entry.type === 'directory' ? `${entry.path}/` : entry.path);
    if (entry.type === 'file') add(hub, files, toFile(hub, entry));
    else if (entry.type !== 'directory')
      hub.log.warn('hub: neither file nor folder, left out', { path: entry.path });
  }
  const empty = emptyFolder(listed);
  if (empty === undefined) return [...files.values()];
  throw unlike(hub, `folder ${JSON.stringify(empty)} listed without the files in it`);
}

/** Git knows no empty folder, so whoever lists one has left out what is in it. A folder here ends with a slash. */
function emptyFolder(listed: ReadonlySet<string>): string | undefined {
  // By code units, so that whatever is in a folder comes right after it.
  const sorted = [...listed].toSorted((a, b) => (a < b ? -1 : 1));
  return sorted.find((path, i) => path.endsWith('/') && !sorted[i + 1]?.startsWith(path));
}

async function readSiblings(hub: HubSettings, about: Commit, signal?: AbortSignal): Promise<HubFile[]> {
  const { model, revision } = about;
  const fetch = orWithoutQuery(createApiFetch(hub, about, signal));
  const answer = await fetch(`${baseOf(hub)}/api/models/${model}/revision/${revision}?blobs=true`);
  const info: unknown = await answer.json();
  const files = new Map<string, HubFile>();
  for (const entry of siblingsOf(info, revision)) add(hub, files, toFile(hub, entry));
  return [...files.values()];
}

/** What comes to an end although createApiFetch has tried again, in its final words. */
async function explained<T>(
  hub: HubSettings,
  signal: AbortSignal | undefined,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof HubFault || error instanceof StepError
      ? finalOf(error)
      : misunderstood(hub, error, signal);
  }
}

function misunderstood(hub: HubSettings, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  return error instanceof SyntaxError || error instanceof TypeError ? unlike(hub, error.message) : error;
}

/** A mirror that drops the cursor gives its first page again. */
function add(hub: HubSettings, files: Map<string, HubFile>, file: HubFile): void {
  if (files.has(file.path)) throw unlike(hub, `file ${JSON.stringify(file.path)} listed twice`);
  files.set(file.path, file);
}

function toFile(hub: HubSettings, entry: ListFileEntry): HubFile {
  const { path, lfs } = entry;
  const size = lfs?.size ?? entry.size;
  const scan = statusOf(entry.securityFileStatus);
  if (typeof path !== 'string' || !Number.isSafeInteger(size) || size < 0)
    throw unlike(hub, `file ${JSON.stringify(path)} of ${JSON.stringify(size)} bytes`);
  return { path, size, digest: listedDigest(hub, entry), ...(scan === undefined ? {} : { scan }) };
}

function listedDigest(hub: HubSettings, { path, lfs, oid = '' }: ListFileEntry): Digest {
  const hash = lfs?.oid ?? oid;
  const digest = digestNamed(hash);
  if (digest?.algorithm === (lfs ? 'sha256' : 'git-sha1')) return digest;
  throw unlike(hub, `no hash of ${JSON.stringify(path)}: ${JSON.stringify(hash)}`);
}

function statusOf(security: unknown): string | undefined {
  const found =
    typeof security === 'object' && security !== null && 'status' in security ? security.status : undefined;
  return typeof found === 'string' ? found : undefined;
}

/** The card's word, of a list every one, else the tag that the Hub makes of it. */
function licenseOf(card: unknown, tags: readonly string[] | undefined): string | undefined {
  const fields = typeof card === 'object' && card !== null ? (card as Record<string, unknown>) : {};
  const said = fields['license'] === 'other' ? fields['license_name'] : fields['license'];
  const licenses: unknown[] = Array.isArray(said) ? said : [said];
  if (licenses.every((license) => typeof license === 'string') && licenses.length > 0)
    return licenses.join(', ');
  return tags?.find((tag) => tag.startsWith('license:'))?.slice('license:'.length);
}

function unlike({ endpoint }: HubSettings, evidence: string): StepError {
  return new StepError('check', `${endpoint.host} answers unlike a Hub`, {
    evidence: [`${evidence} (${endpoint.host})`],
    hint: `check hf-endpoint: curl -s ${endpoint.href}api/models/openai/gpt-oss-20b`,
  });
}

function baseOf({ endpoint }: HubSettings): string {
  return endpoint.href.replace(/\/$/, '');
}
