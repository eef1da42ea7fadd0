/** Where S3 servers differ and clients notice. */
export interface Dialect {
  /** `opaque`: not made of MD5s, like NooBaa on a file system. */
  readonly etag: 'md5' | 'opaque';
  /** Checks the signed SHA-256 of the payload and Content-MD5. */
  readonly verifiesPayload: boolean;
  /** Checks and keeps `x-amz-checksum-*`; else they are ignored and never answered. */
  readonly checksums: boolean;
  /** A completion names the checksum of each part even where the upload declared one for the whole object. */
  readonly demandsPartChecksums: boolean;
  /** ListParts sorts and pages; else all parts at once in no order. */
  readonly listsPartsInPages: boolean;
  /** What a second CompleteMultipartUpload of the same upload gets. */
  readonly secondComplete: 'ok' | 'NoSuchUpload';
  readonly conditionalComplete: boolean;
  readonly conditionalCopy: boolean;
  /** ListParts after an abort. */
  readonly abortedUpload: 'NoSuchUpload' | 'NoSuchKey';
  /** ListMultipartUploads goes on from the upload it named last; else it refuses its own marker. */
  readonly continuesUploads: boolean;
  readonly unknownAccessKey: { readonly status: number; readonly code: string };
}

const invalidAccessKeyId = { status: 403, code: 'InvalidAccessKeyId' } as const;

export type DialectName = keyof typeof dialects;

/** `noobaa`: NSFS 5.23. `rgw`: Ceph 16.2. `versitygw`: 1.7.0 on a file system. Each as the real server answered. */
export const dialects = {
  aws: {
    etag: 'md5',
    verifiesPayload: true,
    checksums: true,
    demandsPartChecksums: false,
    listsPartsInPages: true,
    secondComplete: 'ok',
    conditionalComplete: true,
    conditionalCopy: true,
    abortedUpload: 'NoSuchUpload',
    continuesUploads: true,
    unknownAccessKey: invalidAccessKeyId,
  },
  noobaa: {
    etag: 'opaque',
    verifiesPayload: false,
    checksums: false,
    demandsPartChecksums: false,
    listsPartsInPages: false,
    secondComplete: 'NoSuchUpload',
    conditionalComplete: true,
    conditionalCopy: true,
    abortedUpload: 'NoSuchUpload',
    continuesUploads: true,
    unknownAccessKey: invalidAccessKeyId,
  },
  rgw: {
    etag: 'md5',
    verifiesPayload: true,
    checksums: false,
    demandsPartChecksums: false,
    listsPartsInPages: true,
    secondComplete: 'ok',
    conditionalComplete: false,
    conditionalCopy: false,
    abortedUpload: 'NoSuchKey',
    continuesUploads: true,
    unknownAccessKey: invalidAccessKeyId,
  },
  versitygw: {
    etag: 'md5',
    verifiesPayload: true,
    checksums: true,
    demandsPartChecksums: true,
    listsPartsInPages: true,
    secondComplete: 'ok',
    conditionalComplete: true,
    conditionalCopy: true,
    abortedUpload: 'NoSuchUpload',
    continuesUploads: false,
    unknownAccessKey: { status: 404, code: 'XAdminUserNotFound' },
  },
} as const satisfies Record<string, Dialect>;
