import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { digestNamed } from '../../lib/digest.ts';
import { StepError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/retry.ts';
import type { Rule } from '../policy/select.ts';
import { demandFinished, type KnownCommit, readDownload } from './download.ts';
import { demandFit } from './fit.ts';
import { folderNotes, namesIn } from './folder-notes.ts';
import { folderSource, isSystemError, readFolderFile, unreadable } from './folder-source.ts';
import { blobsOf, type FolderFile, type Walk, walkFolder } from './folder-walk.ts';
import { hashFiles } from './hash-files.ts';
import { contentIdentity, demandPin, demandPinnable } from './identity.ts';
import type { ModelFile } from './listing.ts';
import { readLicense } from './model-card.ts';
import type { Origin } from './origin.ts';

interface FolderOptions {
  readonly path: string;
  readonly revision: string;
  /** What they leave out may be what cannot be staged, a link to elsewhere for one. */
  readonly rules: readonly Rule[];
  readonly log: Log;
  readonly clock: Clock;
}

const atOnce = 4;

/**
 * A model in a folder of the pod. The commit is the one that `hf download` noted there, or that the Hub's cache is named
 * after, with the hashes of that commit; else every file is hashed once and the folder named after all of them.
 */
export function folderOrigin({ path, revision, rules, log, clock }: FolderOptions): Origin {
  return {
    async open(signal) {
      const root = await demandFolder(path);
      const source = folderSource(root);
      demandPinnable(revision, source.where);
      const walk = await walkFolder(root, blobsOf(root));
      demandFit(walk, rules, source.where);
      for (const { path, problem } of walk.unfit) log.info('left out', { path, because: problem });
      const found = walk.files;
      if (found.length === 0) throw empty(root);
      const known = await readKnown(root, walk, signal);
      const { commit, files } =
        'commit' in known ? known : await nameByContent(found, known.why, { root, log, clock, signal });
      if ('commit' in known) log.info('the folder names its commit', { commit, source: source.where });
      for (const left of 'commit' in known ? known.leftOut : [])
        log.info('left out: it is not of the commit, and comes from the image', { path: left });
      demandPin(revision, commit, source.where);
      const license = await readLicense(files, source.read, signal);
      return { commit, ...(license === undefined ? {} : { license }), files, source };
    },
  };
}

/** What a pod has mounted and no model lies in: keys and tokens lie there. */
const closedFolders = ['/proc', '/sys', '/dev', '/etc', '/run', '/var/run', '/tekton'];

async function demandFolder(path: string): Promise<string> {
  const refuse = (headline: string, seen: string) =>
    new StepError('refused', headline, {
      evidence: [`${seen} (file://${path})`],
      hint: 'bind the workspace model of the Task to the volume that holds the model, and name a folder in it: --source=file:///workspace/model/<folder>',
    });
  try {
    const root = await realpath(path);
    const closed = closedFolders.find((folder) => root === folder || root.startsWith(`${folder}/`));
    if (closed !== undefined || root === '/')
      throw refuse(
        `${path} is no place for a model`,
        `it lies in ${closed ?? '/'}, where a pod keeps other things`,
      );
    if (!(await stat(root)).isDirectory()) throw refuse(`${path} is no folder`, 'it is a file');
    return root;
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'EACCES') throw unreadable([path], [error.message], `file://${path}`);
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw refuse(`there is no folder ${path}`, error.message);
    throw error;
  }
}

async function readKnown(root: string, { files, unfit }: Walk, signal: AbortSignal): Promise<KnownCommit> {
  const blobs = blobsOf(root);
  if (blobs !== undefined) {
    // The snapshot links what is finished, and does not say what is missing.
    demandFinished(await namesIn(dirname(blobs), basename(blobs)), `file://${blobs}`);
    return readSnapshot(root, files);
  }
  const notes = await folderNotes(root);
  const ofUnfit = new Set(unfit.map(({ path }) => `${path}.metadata`));
  const paths = notes.paths.filter((path) => !ofUnfit.has(path));
  return readDownload(files, { ...notes, paths }, signal);
}

/** A snapshot in the Hub's cache: the folder is named after the commit, and the blobs after their hashes. */
function readSnapshot(root: string, files: readonly FolderFile[]): KnownCommit {
  const known: ModelFile[] = [];
  for (const { blob, ...file } of files) {
    const digest = blob === undefined ? undefined : digestNamed(blob);
    if (!digest) return { why: `${file.path} is no link to a blob of the cache` };
    known.push({ ...file, digest });
  }
  return { commit: root.slice(-40), files: known, leftOut: [] };
}

interface Naming {
  readonly root: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

async function nameByContent(found: readonly FolderFile[], why: string, { root, ...rest }: Naming) {
  const where = `file://${root}`;
  const bytes = found.reduce((sum, { size }) => sum + size, 0);
  rest.log.info('hashing every file of the source once, to name it', {
    because: why,
    files: found.length,
    bytes,
  });
  const files = await hashFiles(found, {
    ...rest,
    atOnce,
    where,
    read: (file, range, signal) => readFolderFile(root, file, range, signal),
  });
  return { commit: contentIdentity(files), files };
}

function empty(root: string): StepError {
  return new StepError('check', 'the folder of the model is empty', {
    evidence: [`no file below it (file://${root})`],
    hint: 'was the model put on another volume, or in a folder below another one? ls the volume in a debug pod: oc debug',
  });
}
