import type { Xml } from './xml.ts';

/** An S3 error answer, thrown from wherever the request turned out to be wrong. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, Xml>>;

  constructor(status: number, code: string, message: string, details: Readonly<Record<string, Xml>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export const noSuchKey = (key: string) =>
  new Refusal(404, 'NoSuchKey', 'The specified key does not exist.', { Key: key });

export const noSuchUpload = (uploadId: string) =>
  new Refusal(
    404,
    'NoSuchUpload',
    'The specified multipart upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { UploadId: uploadId },
  );

export const preconditionFailed = (condition: string) =>
  new Refusal(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold.', {
    Condition: condition,
  });

export const invalidArgument = (message: string) => new Refusal(400, 'InvalidArgument', message);
