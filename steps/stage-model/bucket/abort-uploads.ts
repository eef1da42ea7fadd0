import type { Bucket, PendingUpload } from '../../lib/bucket.ts';
import { unlessUnsupported } from '../../lib/bucket/error.ts';

interface Wanted {
  /** Of the keys. */
  readonly prefix: string;
  readonly mayGo: (upload: PendingUpload) => boolean;
}

/**
 * Ends the pending uploads that may go. Lists again while there was one: versitygw does not name all uploads of one key
 * when they fill a page.
 */
export async function abortUploads(
  { prefix, mayGo }: Wanted,
  bucket: Pick<Bucket, 'listUploads' | 'abortUpload'>,
  signal: AbortSignal,
  abort = ({ key, uploadId }: PendingUpload) => bucket.abortUpload(key, uploadId),
): Promise<void> {
  const tried = new Set<string>();
  for (;;) {
    const listed = await unlessUnsupported([], () => bucket.listUploads(prefix, signal));
    const over = listed.filter((upload) => !tried.has(upload.uploadId) && mayGo(upload));
    if (over.length === 0) return;
    for (const upload of over) {
      tried.add(upload.uploadId);
      await abort(upload);
    }
  }
}
