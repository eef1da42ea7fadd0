import { sha256 } from '../lib/digest.ts';
import { messageOf } from '../lib/errors.ts';
import type { Place } from './place.ts';
import type { Transfer } from './transfer.ts';

type Means = Pick<Transfer, 'bucket' | 'place' | 'log' | 'signal'>;

/**
 * Notes that the object of a file may have other bytes than its metadata says: put before a resumed upload is completed
 * (`cause` is its id), and before a wrong object is replaced. Nothing is committed until a noted object was read back.
 * Gives the note's key.
 */
export async function putNote(
  path: string,
  cause: string,
  { bucket, place, signal }: Means,
): Promise<string> {
  const key = noteKey(place, path, cause);
  await bucket.put(key, Buffer.from(`${path}\n`), { signal });
  return key;
}

/** One that stays costs one more read of the object; a key that may not delete is no reason to fail. */
export async function dropNote(key: string, { bucket, log, signal }: Means): Promise<void> {
  try {
    await bucket.delete(key, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn('cannot remove a note', { key, error: messageOf(error) });
  }
}

/** It tells the file, whatever characters its path has, and after the dot the cause. */
export function noteKey(place: Place, path: string, cause: string): string {
  return `${place.unproven}${noteName(path)}.${sha256(Buffer.from(cause)).slice(0, 16)}`;
}

/** The beginning of the names of all notes about this file. */
export function noteName(path: string): string {
  return sha256(Buffer.from(path)).slice(0, 32);
}
