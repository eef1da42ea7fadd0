import type { TokenQuery } from '../cluster.ts';
import type { Log } from '../log.ts';
import { isRecord, parseJson } from '../json.ts';
import type { Caller } from './caller.ts';
import { explainAnswer } from './explain.ts';
import type { Subject } from './refusal.ts';

/** TokenRequest. Registers the token as a secret of the log before anyone sees it. */
export async function createToken(caller: Caller, log: Log, query: TokenQuery, signal?: AbortSignal) {
  const { namespace, serviceAccount, expirationSeconds, boundObject } = query;
  const subject: Subject = {
    request: {
      method: 'POST',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        // Without audiences it is for the API server, which is what the model's proxy asks it about.
        spec: { expirationSeconds, boundObjectRef: boundObject },
      },
    },
    what: `a token of ServiceAccount ${namespace}/${serviceAccount}`,
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    namespace,
  };
  const reply = await caller.call(subject, signal);
  const body = parseJson(reply.text);
  const status = isRecord(body) && isRecord(body['status']) ? body['status'] : {};
  const { token, expirationTimestamp } = status;
  // First of all: where its end is not said it is a token all the same.
  if (typeof token === 'string') log.secret(token);
  if (reply.status >= 300 || typeof token !== 'string' || typeof expirationTimestamp !== 'string') {
    throw explainAnswer(reply, subject);
  }
  return { token, expires: new Date(expirationTimestamp) };
}
