import { answerCodes } from './answer-codes.ts';
import type { S3Answer } from './answer.ts';
import { type Asked, type Diagnosis, show } from './diagnosis.ts';
import { isFull } from './transient.ts';

/** Total: any status with any code or body gives a diagnosis. */
export function diagnoseAnswer(answer: S3Answer, asked: Asked): Diagnosis {
  return (
    diagnoseForeign(answer, asked) ??
    diagnoseRegion(answer, asked) ??
    diagnoseFull(answer, asked) ??
    diagnoseLock(answer, asked) ??
    answerCodes.get(answer.code)?.(answer, asked) ??
    diagnoseStatus(answer, asked)
  );
}

function diagnoseForeign({ foreign, status }: S3Answer, { endpoint }: Asked): Diagnosis | undefined {
  if (foreign === undefined) return undefined;
  const failure = status >= 500 ? 'unavailable' : 'refused';
  if (/application is not available/i.test(foreign))
    return {
      failure,
      headline: `no route leads to an S3 server at ${endpoint.origin}`,
      hint: 'oc get route,endpoints -n openshift-storage; AWS_S3_ENDPOINT must name a route whose service has ready pods',
    };
  return {
    failure,
    headline:
      status >= 500
        ? `S3 is down behind ${endpoint.origin}, or something else answers there`
        : `what answers at ${endpoint.origin} is not S3`,
    hint: `check AWS_S3_ENDPOINT, and that no proxy stands in between (NO_PROXY): ${show('AWS_S3_ENDPOINT')}`,
  };
}

const redirections = new Set([301, 302, 303, 307, 308]);
const regionCodes = new Set([
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'PermanentRedirect',
]);

function diagnoseRegion(answer: S3Answer, { bucket, endpoint, region }: Asked): Diagnosis | undefined {
  if (!redirections.has(answer.status) && !regionCodes.has(answer.code)) return undefined;
  const right = answer.region;
  if (right === undefined || right === region)
    return {
      failure: 'refused',
      headline: `bucket ${bucket} is not served at ${endpoint.origin} in the region ${region}`,
      hint: `set AWS_S3_ENDPOINT and AWS_DEFAULT_REGION of the data connection to the bucket's own: ${show('AWS_S3_ENDPOINT')}`,
    };
  return {
    failure: 'refused',
    headline: `bucket ${bucket} is in the region ${right}, the data connection says ${region}`,
    hint: `oc set data secret/<data connection> AWS_DEFAULT_REGION=${right}, and AWS_S3_ENDPOINT of that region`,
  };
}

function diagnoseFull(answer: S3Answer, { where }: Asked): Diagnosis | undefined {
  if (!isFull(answer)) return undefined;
  return {
    failure: 'refused',
    headline: `there is no room left in ${where}`,
    hint: 'oc get storagecluster,cephcluster,bucketclass -n openshift-storage; make room or raise the quota, then run again: what is staged stays',
  };
}

const lockCodes = new Set(['ObjectLocked', 'InvalidRetentionPeriod']);
const lockWords = /object[- ]?lock|\bworm\b|retention|legal[- ]?hold|immutab/i;

function diagnoseLock({ code, status, said }: S3Answer, { where, what }: Asked): Diagnosis | undefined {
  const refused = status >= 400 && status < 500;
  if (!refused || !(lockCodes.has(code) || lockWords.test(said))) return undefined;
  return {
    failure: 'refused',
    headline: `an object lock in ${where} forbids this: ${what}`,
    hint: "stage under another prefix (--prefix), or let the bucket's owner end the retention: aws s3api get-object-retention",
  };
}

const busyStatus = new Set([408, 425, 429]);

function diagnoseStatus({ status }: S3Answer, { endpoint, where, what, right, bucket }: Asked): Diagnosis {
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
      hint: `aws s3 ls s3://${bucket} --endpoint-url ${endpoint.origin}; check AWS_S3_BUCKET and the prefix`,
    };
  if (status === 412)
    return {
      failure: 'check',
      headline: `the object changed meanwhile: ${what}`,
      hint: 'run it again; if it recurs, look for another run that writes under the same prefix',
    };
  if (status >= 500 || status < 300 || busyStatus.has(status))
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
