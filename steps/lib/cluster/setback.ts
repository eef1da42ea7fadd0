import { explainNetwork } from '../network/failure.ts';
import type { Account } from './account.ts';
import { ClusterError } from './cluster-error.ts';
import type { Answer } from './exchange.ts';
import type { Subject } from './refusal.ts';
import type { ClusterTimings } from './timings.ts';
import { transienceOf, waitOf } from './transience.ts';
import { unavailable, webhookDown } from './unavailable.ts';

/** What a try failed with, how long it may go on like that, and when the server wants to be asked again. */
export class Setback extends Error {
  readonly error: ClusterError;
  readonly patienceMs: number;
  readonly afterMs: number | undefined;

  constructor(error: ClusterError, patienceMs: number, afterMs?: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.patienceMs = patienceMs;
    this.afterMs = afterMs;
  }
}

/** Throws a setback for an answer that may be another one later. */
export function requireFinal(answer: Answer, subject: Subject, timings: ClusterTimings, now: number): void {
  const why = transienceOf(answer);
  if (why === undefined || (why === 'raced' && hasVersion(subject))) return;
  const error = why === 'webhook down' ? webhookDown(answer, subject) : unavailable(answer, subject);
  const patience = {
    'webhook down': timings.webhookMs,
    raced: timings.raceMs,
    throttled: timings.outageMs,
    'server down': subject.patienceMs ?? timings.outageMs,
  };
  throw new Setback(error, patience[why], waitOf(answer, now));
}

/** A write that names the version it has read must not be repeated behind its caller's back. */
function hasVersion({ request: { method, body } }: Subject): boolean {
  return (
    method === 'PUT' ||
    method === 'DELETE' ||
    (method === 'PATCH' && /"resourceVersion"/.test(JSON.stringify(body)))
  );
}

/** A connection that failed, in words: a setback when it may work later. Undefined when it is not the network's. */
export function explainConnection(
  thrown: unknown,
  { server, source }: Account,
  patienceMs: number,
): Setback | ClusterError | undefined {
  const failure = explainNetwork(thrown, new URL(server).host);
  if (failure === undefined) return undefined;
  const { failure: kind, message, evidence, hint } = failure.error;
  const error = new ClusterError(kind, `the Kubernetes API cannot be reached: ${message}`, {
    evidence: [...evidence, `server ${server} (${source})`],
    hint,
    status: 0,
    reason: '',
    cause: thrown,
  });
  return failure.transient ? new Setback(error, patienceMs) : error;
}
