import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { noteLimit, type Notes, notesFolder } from './download.ts';
import { explain, isSystemError } from './folder-source.ts';

/**
 * What `hf download` noted in the folder; nothing where it has noted nothing. Notes that may not be read are another
 * case: without them the model would be staged under another name.
 */
export async function folderNotes(root: string): Promise<Notes> {
  const where = `file://${root}`;
  return {
    paths: await namesIn(root, notesFolder, { recursive: true }),
    read: async (path) => {
      try {
        return await readSmall(join(root, notesFolder, path));
      } catch (error) {
        return unlessAbsent(error, undefined, notesFolder + path, where);
      }
    },
    where,
  };
}

/** What a folder below the root has; nothing when it is not there. */
export async function namesIn(
  root: string,
  folder: string,
  { recursive = false }: { readonly recursive?: boolean } = {},
): Promise<string[]> {
  try {
    return await readdir(join(root, folder), { recursive });
  } catch (error) {
    return unlessAbsent(error, [], folder, `file://${root}`);
  }
}

/** Undefined for one that is larger than any note. A pipe is empty, and does not wait for its writer. */
async function readSmall(path: string): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(noteLimit + 1));
    return bytesRead > noteLimit ? undefined : buffer.subarray(0, bytesRead);
  } finally {
    await handle?.close();
  }
}

const absent = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENXIO']);

function unlessAbsent<T>(error: unknown, nothing: T, path: string, where: string): T {
  if (!isSystemError(error)) throw error;
  if (absent.has(error.code)) return nothing;
  throw explain(error, path, where);
}
