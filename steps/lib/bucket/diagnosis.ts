import type { Failure } from '../errors.ts';

/** What an error means for the person on call. */
export interface Diagnosis {
  readonly failure: Failure;
  readonly headline: string;
  /** Printed after `Try: `. */
  readonly hint: string;
}

/** What was asked of which bucket, for messages. */
export interface Asked {
  /** `PUT models/x, part 3`. */
  readonly what: string;
  /** The right that it takes: `s3:PutObject`. */
  readonly right: string;
  readonly where: string;
  readonly bucket: string;
  readonly endpoint: URL;
  readonly region: string;
  /** This machine's clock, and when the bucket was first used, in milliseconds. */
  readonly now: number;
  readonly since: number;
}

/** The command that shows one key of the data connection. */
export function show(key: string): string {
  return `oc get secret <data connection> -o jsonpath='{.data.${key}}' | base64 -d`;
}
