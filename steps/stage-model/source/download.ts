import { forEachAtOnce } from '../../lib/at-once.ts';
import { StepError } from '../../lib/errors.ts';
import { type Digest, digestNamed, isCommit } from '../../lib/digest.ts';
import { vocabulary } from '../../lib/vocabulary.ts';
import type { FoundFile, ModelFile } from './listing.ts';

/** Where `hf download --local-dir` keeps a note beside each file: `<path>.metadata` with commit, hash and time, a line each. */
export const notesFolder = '.cache/huggingface/download/';

/** A commit that is known without hashing, with the hashes that are listed for it; or why none is. */
export type KnownCommit =
  | { readonly commit: string; readonly files: ModelFile[]; readonly leftOut: readonly string[] }
  | { readonly why: string };

/** Bytes of a note; one has about 120. What is larger is none, and is not read into memory. */
export const noteLimit = 4096;

export interface Notes {
  /** Paths below the notes' folder. */
  readonly paths: readonly string[];
  read(path: string, signal: AbortSignal): Promise<Buffer | undefined>;
  /** For messages. */
  readonly where: string;
}

const atOnce = 8;

/**
 * The commit that `hf download` noted for every file. It is believed only when it is the same for all of them, and none
 * was added or taken away since; that the bytes are still those of the note, the transfer proves. The vocabulary that
 * people put beside a gpt-oss model is left out: it comes from the image.
 */
export async function readDownload(
  files: readonly FoundFile[],
  notes: Notes,
  signal: AbortSignal,
): Promise<KnownCommit> {
  const noted = notes.paths.filter((path) => path.endsWith('.metadata')).map((path) => path.slice(0, -9));
  if (noted.length === 0) return { why: 'it names no commit' };
  demandFinished(
    notes.paths.map((path) => notesFolder + path),
    notes.where,
  );
  const own = files.filter(({ path }) => noted.includes(path));
  const leftOut = files.filter(
    ({ path }) => path === vocabulary.file && !own.some((file) => file.path === path),
  );
  const strangers = files.filter((file) => !own.includes(file) && !leftOut.includes(file));
  if (strangers[0]) return { why: `${strangers[0].path} is not of the download` };
  const gone = noted.find((path) => !own.some((file) => file.path === path));
  if (gone !== undefined) return { why: `${gone} of the download is gone` };
  const read = new Map<string, { commit: string; digest: Digest }>();
  await forEachAtOnce(
    own,
    atOnce,
    async ({ path }, signal) => {
      const note = parseNote(await notes.read(`${path}.metadata`, signal));
      if (note) read.set(path, note);
    },
    signal,
  );
  return combine(own, read, leftOut);
}

function combine(
  files: readonly FoundFile[],
  notes: ReadonlyMap<string, { commit: string; digest: Digest }>,
  leftOut: readonly FoundFile[],
): KnownCommit {
  const known: ModelFile[] = [];
  const commits = new Set<string>();
  for (const file of files) {
    const note = notes.get(file.path);
    if (!note) return { why: `the note of ${file.path} cannot be read` };
    commits.add(note.commit);
    known.push({ ...file, digest: note.digest });
  }
  const [commit, another] = commits;
  if (commit === undefined || another !== undefined)
    return { why: `its files are of ${commits.size} commits` };
  return { commit, files: known, leftOut: leftOut.map(({ path }) => path) };
}

function parseNote(bytes: Buffer | undefined): { commit: string; digest: Digest } | undefined {
  const [commit = '', hash = ''] = (bytes?.toString('latin1') ?? '').split(/\r?\n/);
  const digest = digestNamed(hash);
  return isCommit(commit) && digest ? { commit, digest } : undefined;
}

/** Of these files none may be what a download that was ended, or still runs, has so far. */
export function demandFinished(paths: readonly string[], where: string): void {
  const unfinished = paths.filter((path) => path.endsWith('.incomplete'));
  if (unfinished.length === 0) return;
  throw new StepError('check', 'the download is not finished', {
    evidence: unfinished.slice(0, 10).map((path) => `${path} is there (${where})`),
    hint: 'hf download <owner>/<name> --revision <commit> --local-dir <folder>   (goes on where it stopped)',
  });
}
