import type { S3Answer } from './answer.ts';
import { type Asked, type Diagnosis, show } from './diagnosis.ts';

type Diagnose = (answer: S3Answer, asked: Asked) => Diagnosis;

const denied: Diagnose = (_, { where, what, right }) => ({
  failure: 'refused',
  headline: `the access key may not do this in ${where}: ${what}`,
  hint: `grant ${right} on the bucket to the access key that the data connection holds: ${show('AWS_ACCESS_KEY_ID')}`,
});

const wrongSecret: Diagnose = (_, { where }) => ({
  failure: 'refused',
  headline: `the secret key is not the one that belongs to the access key of ${where}`,
  hint: 'put both keys anew, as a pair: oc set data secret/<data connection> AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…',
});

const unknownKey: Diagnose = (_, { endpoint }) => ({
  failure: 'refused',
  headline: `${endpoint.origin} does not know the access key`,
  hint: `compare it with the Secret of the bucket's claim (oc get objectbucketclaim -A): ${show('AWS_ACCESS_KEY_ID')}`,
});

const expired: Diagnose = (_, { now, since }) => ({
  failure: 'refused',
  headline: `the credentials expired after ${duration(now - since)} of work`,
  hint: 'renew the keys of the data connection and run again: what is staged stays, the rest is resumed',
});

const skewed: Diagnose = ({ headers }, { now, endpoint }) => ({
  failure: 'refused',
  headline: `this node's clock is ${compareClocks(now, headers['date'])} that of ${endpoint.origin}`,
  hint: 'oc debug node/<node> -- chroot /host chronyc tracking; set whichever clock is wrong',
});

const noBucket: Diagnose = (_, { bucket, endpoint }) => ({
  failure: 'refused',
  headline: `there is no bucket ${bucket} at ${endpoint.origin}`,
  hint: `oc get objectbucketclaim -A; then set AWS_S3_BUCKET of the data connection: ${show('AWS_S3_BUCKET')}`,
});

const uploadGone: Diagnose = (_, { what }) => ({
  failure: 'unavailable',
  headline: `the pending upload is gone: ${what}`,
  hint: 'run it again: the file starts anew. If it recurs, look for a lifecycle rule that aborts uploads early, or a second run',
});

const damaged: Diagnose = (_, { what }) => ({
  failure: 'check',
  headline: `the bytes arrive changed at the server, twice: ${what}`,
  hint: 'look for a proxy or load balancer that rewrites bodies, then for bad memory on the node: run the pod on another one',
});

const partsWrong: Diagnose = (_, { what }) => ({
  failure: 'check',
  headline: `the server does not hold the parts as they were sent: ${what}`,
  hint: 'run it again: the upload starts anew',
});

const partTooSmall: Diagnose = (_, { what }) => ({
  failure: 'check',
  headline: `a part is smaller than the server takes: ${what}`,
  hint: 'run it again with --part-size=64MiB; S3 takes nothing under 5 MiB but as the last part',
});

const tooLarge: Diagnose = (_, { what }) => ({
  failure: 'refused',
  headline: `the server takes no body as large as this one: ${what}`,
  hint: 'run it again with a smaller --part-size',
});

const archived: Diagnose = (_, { bucket, endpoint, where, what }) => ({
  failure: 'refused',
  headline: `the object lies in an archive of ${where} and cannot be read there: ${what}`,
  hint: `aws s3api restore-object --bucket ${bucket} --key <the key above> --restore-request Days=7 --endpoint-url ${endpoint.origin}; run again when head-object says that it is restored`,
});

const unknownOperation: Diagnose = (_, { endpoint, what }) => ({
  failure: 'refused',
  headline: `the S3 server at ${endpoint.origin} does not know how to do this: ${what}`,
  hint: 'use a bucket on a server with multipart uploads and copies: ODF (NooBaa, RGW) or AWS',
});

/** What S3's own codes mean. Those that only say that a server is busy are judged by their status. */
export const answerCodes = new Map<string, Diagnose>([
  ['AccessDenied', denied],
  ['AllAccessDisabled', denied],
  ['AccountProblem', denied],
  ['SignatureDoesNotMatch', wrongSecret],
  ['InvalidAccessKeyId', unknownKey],
  // versitygw's word for it, when it has one account.
  ['XAdminUserNotFound', unknownKey],
  ['ExpiredToken', expired],
  ['TokenRefreshRequired', expired],
  ['InvalidToken', expired],
  ['RequestTimeTooSkewed', skewed],
  ['RequestExpired', skewed],
  ['NoSuchBucket', noBucket],
  ['NoSuchUpload', uploadGone],
  ['BadDigest', damaged],
  ['InvalidDigest', damaged],
  ['XAmzContentSHA256Mismatch', damaged],
  ['XAmzContentChecksumMismatch', damaged],
  ['InvalidPart', partsWrong],
  ['InvalidPartOrder', partsWrong],
  ['EntityTooSmall', partTooSmall],
  ['EntityTooLarge', tooLarge],
  // A storage class like GLACIER.
  ['InvalidObjectState', archived],
  ['NotImplemented', unknownOperation],
  ['MethodNotAllowed', unknownOperation],
]);

/** `20 min ahead of`, by the Date header of the answer. */
function compareClocks(now: number, date: string | undefined): string {
  const off = now - Date.parse(date ?? '');
  if (Number.isNaN(off)) return 'too far from';
  return `${duration(Math.abs(off))} ${off > 0 ? 'ahead of' : 'behind'}`;
}

/** `90 s`, `17 min`, `5 h`. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
