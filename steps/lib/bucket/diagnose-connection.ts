import { trustHint } from '../network/failure.ts';
import { otherProtocol } from '../network/other-protocol.ts';
import type { Asked, Diagnosis } from './diagnosis.ts';
import { codeOf, isCut, isTimeout } from './transient.ts';

/** What it means that no answer came; what nobody foresaw is a defect of ours. */
export function diagnoseConnection(error: unknown, asked: Asked): Diagnosis {
  const code = codeOf(error);
  const known = byCode.get(code);
  if (known) return known(asked);
  if (otherProtocol.has(code)) return speaksOther(asked);
  return isTimeout(error) || isCut(code) ? silent(asked) : unforeseen(asked);
}

type Diagnose = (asked: Asked) => Diagnosis;

const untrusted: Diagnose = ({ endpoint }) => ({
  failure: 'refused',
  headline: `the certificate of ${endpoint.host} comes from an authority that is not trusted here`,
  hint: trustHint,
});

const outOfTime: Diagnose = ({ endpoint }) => ({
  failure: 'refused',
  headline: `the certificate of ${endpoint.host} has expired or is not valid yet`,
  hint: `renew it, or set this node's clock: openssl s_client -connect ${withPort(endpoint)} </dev/null | openssl x509 -noout -dates`,
});

const otherName: Diagnose = ({ endpoint }) => ({
  failure: 'refused',
  headline: `the certificate of ${endpoint.host} is for another name`,
  hint: `set AWS_S3_ENDPOINT to a name in it: openssl s_client -connect ${withPort(endpoint)} </dev/null | openssl x509 -noout -ext subjectAltName`,
});

const speaksOther: Diagnose = ({ endpoint }) => ({
  failure: 'refused',
  headline: `${endpoint.host} does not speak ${endpoint.protocol.slice(0, -1)}, as AWS_S3_ENDPOINT says`,
  hint: `change http:// or https:// in AWS_S3_ENDPOINT, or its port: curl -v ${endpoint.origin}`,
});

const noName: Diagnose = ({ endpoint }) => ({
  failure: 'unavailable',
  headline: `the name ${endpoint.hostname} is not found in DNS`,
  hint: `check AWS_S3_ENDPOINT of the data connection, then DNS from a pod: oc run dns --rm -it --image=registry.access.redhat.com/ubi9/ubi -- getent hosts ${endpoint.hostname}`,
});

const nobodyThere: Diagnose = ({ endpoint }) => ({
  failure: 'unavailable',
  headline: `nothing listens at ${endpoint.origin}`,
  hint: 'oc get endpoints -n openshift-storage s3; check host and port of AWS_S3_ENDPOINT',
});

const silent: Diagnose = ({ endpoint, what }) => ({
  failure: 'unavailable',
  headline: `${endpoint.origin} does not answer, or breaks off: ${what}`,
  hint: 'oc get networkpolicy,egressfirewall; check that no proxy stands in the way (NO_PROXY), then run again: what is staged stays',
});

const unforeseen: Diagnose = ({ what }) => ({
  failure: 'internal',
  headline: `unexpected while asking S3: ${what}`,
  hint: 'run it again with LOG_LEVEL=debug and report the stack below as a defect',
});

const byCode = new Map<string, Diagnose>([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT', untrusted],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', untrusted],
  ['SELF_SIGNED_CERT_IN_CHAIN', untrusted],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', untrusted],
  ['CERT_UNTRUSTED', untrusted],
  ['CERT_SIGNATURE_FAILURE', untrusted],
  ['CERT_HAS_EXPIRED', outOfTime],
  ['CERT_NOT_YET_VALID', outOfTime],
  ['ERR_TLS_CERT_ALTNAME_INVALID', otherName],
  ['ENOTFOUND', noName],
  ['EAI_AGAIN', noName],
  ['ECONNREFUSED', nobodyThere],
]);

function withPort({ hostname, port }: URL): string {
  return `${hostname}:${port === '' ? '443' : port}`;
}
