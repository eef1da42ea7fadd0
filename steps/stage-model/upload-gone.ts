import { BucketError, isAbsent, isUploadGone } from '../lib/bucket/error.ts';

/**
 * Whether a pending upload vanished under our hands: another run completed it, removed it or replaced a part, or a
 * lifecycle rule did. Ceph answers NoSuchKey where others say NoSuchUpload.
 */
export function isGone(error: unknown): boolean {
  return (
    isUploadGone(error) || isAbsent(error) || (error instanceof BucketError && error.code === 'InvalidPart')
  );
}
