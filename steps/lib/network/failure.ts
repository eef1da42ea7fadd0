import { StepError } from '../errors.ts';
import { codeOfConnection, otherProtocol } from './other-protocol.ts';

/** What happened to a connection, and whether trying again can help. */
export interface NetworkFailure {
  readonly transient: boolean;
  readonly error: StepError;
}

/** Anything that a connection to `host` was rejected with, as a StepError; `undefined` when it is not the network's. */
export function explainNetwork(thrown: unknown, host: string): NetworkFailure | undefined {
  const cause = rootOf(thrown);
  const meaning = cause && meaningOf(cause);
  if (cause === undefined || meaning === undefined) return undefined;
  const { transient, says, hint } = meaning;
  return {
    transient,
    error: new StepError(transient ? 'unavailable' : 'refused', says(host), {
      evidence: [`${cause.code}: ${cause.message} (connecting to ${host})`],
      hint: hint(host),
      cause: thrown,
    }),
  };
}

interface Meaning {
  readonly transient: boolean;
  readonly says: (host: string) => string;
  readonly hint: (host: string) => string;
}

const egress = (host: string) =>
  `check that pods may reach ${host}: egress rules, NetworkPolicy, or a proxy in HTTPS_PROXY`;

const broken = (what: string): Meaning => ({
  transient: true,
  says: (host) => `${host} ${what}`,
  hint: egress,
});

const nameless: Meaning = {
  transient: true,
  says: (host) => `${host} has no address here (DNS)`,
  hint: egress,
};

/** What to do about an authority that nobody here trusts: every Task mounts this ConfigMap. */
export const trustHint =
  "put the authority's PEM into the ConfigMap that the param ca-configmap names: oc create configmap trusted-ca --from-file=ca.crt=authority.pem   (on OpenShift, label an empty one config.openshift.io/inject-trusted-cabundle=true)";

const untrusted: Meaning = {
  transient: false,
  says: (host) => `${host} shows a certificate of an authority that nobody here trusts`,
  hint: () => trustHint,
};

const badCertificate = (what: string): Meaning => ({
  transient: false,
  says: (host) => `the certificate of ${host} ${what}`,
  hint: (host) =>
    `openssl s_client -connect ${host.includes(':') ? host : `${host}:443`} </dev/null   (who answers there, and how long its certificate holds)`,
});

const notTls: Meaning = {
  transient: false,
  says: (host) => `${host} does not speak TLS as we do`,
  hint: () => 'check scheme and port of the address: http:// and https:// are not the same port',
};

const proxy = (transient: boolean, what: string, hint: string): Meaning => ({
  transient,
  says: (host) => `the proxy ${what} ${host}`,
  hint: () => hint,
});

const meanings: Record<string, Meaning> = {
  ENOTFOUND: nameless,
  EAI_AGAIN: nameless,
  ECONNREFUSED: broken('refuses the connection'),
  ECONNRESET: broken('ended the connection'),
  EPIPE: broken('ended the connection'),
  ERR_STREAM_PREMATURE_CLOSE: broken('ended the connection'),
  ETIMEDOUT: broken('does not answer'),
  EHOSTUNREACH: broken('cannot be reached from here'),
  ENETUNREACH: broken('cannot be reached from here'),
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_SIGNATURE_FAILURE: untrusted,
  CERT_UNTRUSTED: untrusted,
  CERT_HAS_EXPIRED: badCertificate('has expired'),
  CERT_NOT_YET_VALID: badCertificate('is not valid yet'),
  CERT_REVOKED: badCertificate('is revoked'),
  ERR_TLS_CERT_ALTNAME_INVALID: badCertificate('is for another name'),
  EPROTO: broken('broke off TLS'),
  ERR_PROXY_INVALID_CONFIG: proxy(
    false,
    'variables hold no address:',
    'check HTTP_PROXY and HTTPS_PROXY of the pod',
  ),
};

const tunnelRefusals: Record<number, Meaning> = {
  403: proxy(false, 'forbids', 'ask for the host to be allowed there, or add it to NO_PROXY'),
  407: proxy(
    false,
    'asks for a name and a password before it goes to',
    'put them into the cluster proxy: oc edit proxy/cluster',
  ),
};

function meaningOf(error: CodedError): Meaning | undefined {
  const { statusCode = 0 } = error;
  const code = codeOfConnection(error);
  if (code === 'ERR_PROXY_TUNNEL')
    return (
      tunnelRefusals[statusCode] ??
      proxy(true, 'opens no tunnel to', 'check HTTPS_PROXY and NO_PROXY: oc get proxy/cluster -o yaml')
    );
  if (code.startsWith('ERR_SSL_')) return otherProtocol.has(code) ? notTls : broken('broke off TLS');
  if (code.startsWith('HPE_')) return broken('does not speak HTTP');
  return Object.hasOwn(meanings, code) ? meanings[code] : undefined;
}

interface CodedError extends Error {
  readonly code: string;
  readonly statusCode?: number;
}

/** Down the causes (`fetch failed` …) and into the tries per address (AggregateError) to the error with a code. */
function rootOf(thrown: unknown): CodedError | undefined {
  let error = thrown;
  for (let depth = 0; depth < 8 && error instanceof Error; depth += 1) {
    if (error instanceof AggregateError && error.errors.length > 0) error = error.errors[0];
    else if (isCoded(error)) return error;
    else error = error.cause;
  }
  return undefined;
}

function isCoded(error: Error): error is CodedError {
  return 'code' in error && typeof error.code === 'string';
}
