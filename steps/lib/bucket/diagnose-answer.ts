import type { Failure } from '../errors.ts';
import type { S3Answer } from './answer.ts';
import { fullCodes } from './transient.ts';
import type { Asked } from './translate.ts';

export interface Diagnosis {
  readonly failure: Failure;
  readonly headline: string;
  readonly hint: string;
}

/** Total: any status with any code or body gives a diagnosis. */
export function diagnoseAnswer(answer: S3Answer, asked: Asked): Diagnosis {
  const special =
    diagnoseForeign(answer, asked) ??
    diagnoseRegion(answer, asked) ??
    diagnoseFull(answer, asked) ??
    diagnoseLock(answer, asked) ??
    byCode.get(answer.code)?.(answer, asked);
  return special ?? diagnoseStatus(answer, asked);
}

const show = (key: string) => `oc get secret <data connection> -o jsonpath='{.data.${key}}' | base64 -d`;

function diagnoseForeign({ foreign, status }: S3Answer, { endpoint }: Asked): Diagnosis | undefined {
  if (foreign === undefined) return undefined;
  const noRoute = /application is not available/i.test(foreign);
  return {
    failure: status >= 500 ? 'unavailable' : 'refused',
    headline: noRoute
      ? `no route leads to an S3 server at ${endpoint.origin}`
      : `what answers at ${endpoint.origin} is not S3`,
    hint: noRoute
      ? 'oc get route,endpoints -n openshift-storage; AWS_S3_ENDPOINT must name a route whose service has ready pods'
      : `check AWS_S3_ENDPOINT, and that no proxy stands in between (NO_PROXY): ${show('AWS_S3_ENDPOINT')}`,
  };
}

function diagnoseRegion(answer: S3Answer, { bucket, endpoint, region }: Asked): Diagnosis | undefined {
  const redirected =
    answer.status === 301 || answer.status === 302 || answer.status === 307 || answer.status === 308;
  const wrong =
    answer.code === 'AuthorizationHeaderMalformed' || answer.code === 'IllegalLocationConstraintException';
  if (!redirected && !wrong && answer.code !== 'PermanentRedirect') return undefined;
  const right = answer.region;
  return {
    failure: 'refused',
    headline: right
      ? `bucket ${bucket} is in the region ${right}, the data connection says ${region}`
      : `bucket ${bucket} is not served at ${endpoint.origin} in the region ${region}`,
    hint: right
      ? `set AWS_DEFAULT_REGION to ${right} in the data connection, and AWS_S3_ENDPOINT to that region's address`
      : `set AWS_S3_ENDPOINT and AWS_DEFAULT_REGION of the data connection to the bucket's own: ${show('AWS_S3_ENDPOINT')}`,
  };
}

function diagnoseFull({ code, status }: S3Answer, { where, what }: Asked): Diagnosis | undefined {
  if (!fullCodes.has(code) && status !== 507) return undefined;
  if (code === 'EntityTooLarge')
    return {
      failure: 'refused',
      headline: `the server takes no body as large as this one: ${what}`,
      hint: 'stage with a smaller --part-size',
    };
  return {
    failure: 'refused',
    headline: `there is no room left in ${where}`,
    hint: 'oc get storagecluster,cephcluster,bucketclass -n openshift-storage; make room or raise the quota, then run again: what is staged stays',
  };
}

const lockWords = /object[- ]?lock|worm\b|retention|legal[- ]?hold|immutab/i;

function diagnoseLock({ code, status, message }: S3Answer, { where, what }: Asked): Diagnosis | undefined {
  const locked = code === 'ObjectLocked' || code === 'InvalidObjectState' || lockWords.test(message);
  if (!locked || status < 400 || status >= 500) return undefined;
  return {
    failure: 'refused',
    headline: `an object lock in ${where} forbids ${what}`,
    hint: "stage under another prefix (--prefix), or let the bucket's owner end the retention: aws s3api get-object-retention",
  };
}

const byCode = new Map<string, (answer: S3Answer, asked: Asked) => Diagnosis>(
  Object.entries({
    AccessDenied: (_: S3Answer, { where, what, right }: Asked) => ({
      failure: 'refused' as const,
      headline: `the access key may not do this in ${where}: ${what}`,
      hint: `grant ${right} on the bucket to the access key that the data connection holds: ${show('AWS_ACCESS_KEY_ID')}`,
    }),
    SignatureDoesNotMatch: (_: S3Answer, { where }: Asked) => ({
      failure: 'refused',
      headline: `the secret key is not the one that belongs to the access key of ${where}`,
      hint: 'put both keys anew, as a pair: oc set data secret/<data connection> AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…',
    }),
    InvalidAccessKeyId: (_: S3Answer, { endpoint }: Asked) => ({
      failure: 'refused',
      headline: `${endpoint.origin} does not know the access key`,
      hint: `compare it with the bucket's own Secret (oc get obc,secret -A | grep <bucket>): ${show('AWS_ACCESS_KEY_ID')}`,
    }),
    ExpiredToken: expired,
    TokenRefreshRequired: expired,
    InvalidToken: expired,
    RequestTimeTooSkewed: skewed,
    RequestExpired: skewed,
    NoSuchBucket: (_: S3Answer, { bucket, endpoint }: Asked) => ({
      failure: 'refused',
      headline: `there is no bucket ${bucket} at ${endpoint.origin}`,
      hint: `oc get objectbucketclaim -A; then set AWS_S3_BUCKET of the data connection: ${show('AWS_S3_BUCKET')}`,
    }),
    NoSuchUpload: (_: S3Answer, { what }: Asked) => ({
      failure: 'unavailable',
      headline: `the pending upload is gone: ${what}`,
      hint: 'run it again: the file starts anew. If it recurs, look for a lifecycle rule that aborts uploads early, or a second run',
    }),
    BadDigest: damaged,
    InvalidDigest: damaged,
    XAmzContentSHA256Mismatch: damaged,
    XAmzContentChecksumMismatch: damaged,
    InvalidPart: partsWrong,
    InvalidPartOrder: partsWrong,
    EntityTooSmall: partsWrong,
    NotImplemented: (_: S3Answer, { endpoint, what }: Asked) => ({
      failure: 'refused',
      headline: `the S3 server at ${endpoint.origin} does not know how to do this: ${what}`,
      hint: 'use a bucket on a server with multipart uploads and copies: ODF (NooBaa, RGW) or AWS',
    }),
  }),
);

function expired(_: S3Answer, { now, since }: Asked): Diagnosis {
  return {
    failure: 'refused',
    headline: `the credentials expired after ${minutes(now - since)} of work`,
    hint: 'renew the keys of the data connection and run again: what is staged stays, the rest is resumed',
  };
}

function skewed({ headers }: S3Answer, { now, endpoint }: Asked): Diagnosis {
  const theirs = Date.parse(headers['date'] ?? '');
  const off = Number.isNaN(theirs) ? undefined : now - theirs;
  const by = off === undefined ? 'too far' : `${minutes(Math.abs(off))} ${off > 0 ? 'ahead of' : 'behind'}`;
  return {
    failure: 'refused',
    headline: `this node's clock is ${by}${off === undefined ? ' from' : ''} that of ${endpoint.origin}`,
    hint: 'oc debug node/<node> -- chroot /host chronyc tracking; set the clock of whichever is wrong',
  };
}

function damaged(_: S3Answer, { what }: Asked): Diagnosis {
  return {
    failure: 'check',
    headline: `the bytes arrive changed at the server, twice: ${what}`,
    hint: 'look for a proxy or load balancer that rewrites bodies, then for bad memory on the node: run the pod on another one',
  };
}

function partsWrong({ code }: S3Answer, { what }: Asked): Diagnosis {
  return {
    failure: 'check',
    headline: `the server does not hold the parts as they were sent: ${what}`,
    hint: `run it again: the upload starts anew${code === 'EntityTooSmall' ? ', with --part-size of at least 5MiB' : ''}`,
  };
}

function diagnoseStatus(answer: S3Answer, asked: Asked): Diagnosis {
  const { status } = answer;
  const { endpoint, where, what, right } = asked;
  if (status === 401 || status === 403)
    return {
      failure: 'refused',
      headline: `S3 refuses the access key for this: ${what} in ${where}`,
      hint: `check both keys of the data connection, and that they may ${right}: ${show('AWS_ACCESS_KEY_ID')}`,
    };
  if (status === 404)
    return {
      failure: 'refused',
      headline: `there is no such thing in ${where}: ${what}`,
      hint: `check AWS_S3_BUCKET and the prefix: ${show('AWS_S3_BUCKET')}`,
    };
  if (status === 412)
    return {
      failure: 'check',
      headline: `the object changed meanwhile: ${what}`,
      hint: 'run it again; if it recurs, look for another run that writes under the same prefix',
    };
  if (status === 429 || status === 408 || status >= 500 || status < 300)
    return {
      failure: 'unavailable',
      headline: `S3 at ${endpoint.origin} keeps failing: ${what}`,
      hint: 'oc get pods -n openshift-storage; run again when it answers: what is staged stays',
    };
  return {
    failure: 'refused',
    headline: `S3 does not accept this: ${what} in ${where}`,
    hint: 'look up the code above in the documentation of your S3 server; LOG_LEVEL=debug shows every request',
  };
}

/** `90 s`, `17 min`, `5 h`. */
function minutes(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  const whole = Math.round(seconds / 60);
  return whole < 120 ? `${whole} min` : `${Math.round(whole / 60)} h`;
}
