import { sha256 } from '../lib/digest.ts';
import type { Place } from './place.ts';

/**
 * The note that a resumed upload is about to complete an object whose bytes nobody has proven; it is put before the
 * completion, and deleted when the object was read back. The name tells the file, whatever characters its path has,
 * and after the dot the upload.
 */
export function noteKey(place: Place, path: string, uploadId: string): string {
  return `${place.unproven}${noteName(path)}.${sha256(Buffer.from(uploadId)).slice(0, 16)}`;
}

/** The beginning of the names of all notes about this file. */
export function noteName(path: string): string {
  return sha256(Buffer.from(path)).slice(0, 32);
}
