import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Range } from '../../lib/bucket/parts.ts';
import { StepError } from '../../lib/errors.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { FoundFile, ModelFile } from './listing.ts';
import type { Source } from './origin.ts';
import { sourceChanged } from './source-changed.ts';

const chunkSize = 512 * 1024;

/** The files of a folder; only those that are, byte for byte of their inode, what was found when the folder was walked. */
export function folderSource(path: string): Source {
  return {
    where: `file://${path}`,
    suspicion: 'was it changed after its download? Without .cache/huggingface the folder is staged as it is',
    read: (file, range, signal) => readFolderFile(path, file, range, signal),
    hashCommand: (file) => hashCommand(join(path, file.path), file),
    description: { kind: 'folder', path },
  };
}

/** The bytes [start, end) of a file below the folder; a StepError when the file is another than the one that was found. */
export async function* readFolderFile(
  folder: string,
  file: FoundFile,
  { start, end }: Range,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const where = `file://${folder}`;
  let handle: FileHandle | undefined;
  try {
    // A pipe that stands there by now would wait for its writer.
    handle = await open(join(folder, file.path), constants.O_RDONLY | constants.O_NONBLOCK);
    await demandUnchanged(handle, file, where);
    for (let at = start; at < end;) {
      signal.throwIfAborted();
      const buffer = Buffer.allocUnsafeSlow(Math.min(chunkSize, end - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw sourceChanged(file.path, `it ends at byte ${at}`, where);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
    await demandUnchanged(handle, file, where);
  } catch (error) {
    throw isSystemError(error) ? explain(error, file.path, where) : error;
  } finally {
    await handle?.close();
  }
}

/** Which file it is, and its state: a write changes the time, a replacement the inode. */
export function versionOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `inode ${dev}:${ino}, ${size} bytes, written at ${mtimeNs} ns`;
}

async function demandUnchanged(handle: FileHandle, { path, version }: FoundFile, where: string) {
  const now = versionOf(await handle.stat({ bigint: true }));
  if (now !== version) throw sourceChanged(path, `found: ${version}; now: ${now}`, where);
}

export function isSystemError(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

export function explain(
  error: NodeJS.ErrnoException & { code: string },
  path: string,
  where: string,
): StepError {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ENXIO')
    return sourceChanged(path, error.message, where);
  if (error.code === 'EACCES' || error.code === 'EPERM') return unreadable([path], [error.message], where);
  return new StepError('unavailable', `cannot read ${path}`, {
    evidence: [`${error.message} (${where})`],
    hint: 'oc get pvc,volumeattachments,events   (is the volume still attached?); then run it again, what is staged stays',
    cause: error,
  });
}

export function unreadable(paths: readonly string[], seen: readonly string[], where: string): StepError {
  const what = paths.length === 1 ? paths[0] : `${paths.length} files`;
  return new StepError('refused', `${what} may not be read`, {
    evidence: seen.map((line) => `${line} (${where})`),
    hint: "oc get namespace <namespace> -o yaml   (the pod's groups come from openshift.io/sa.scc.supplemental-groups); give that group the right to read: chmod -R g+rX",
  });
}

function hashCommand(path: string, { digest }: ModelFile): string {
  return `${digest.algorithm === 'sha256' ? 'sha256sum' : 'git hash-object'} ${shellWord(path)}`;
}
