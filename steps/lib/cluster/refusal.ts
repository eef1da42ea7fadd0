import { ClusterError } from './cluster-error.ts';
import type { Answer, Request } from './exchange.ts';
import type { Status } from './status.ts';

/** What a request was about, for messages. */
export interface Subject {
  readonly request: Request;
  /** `InferenceService gpt-oss` or `Pods in team`. */
  readonly what: string;
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  /** How long to try when a server error is no outage; the caller's own times without it. */
  readonly patienceMs?: number;
}

export interface Refusal {
  readonly answer: Answer;
  readonly said: Status;
  readonly subject: Subject;
  /** The server's message with where it came from, cut to a readable length. */
  readonly evidence: readonly string[];
}

/** Refused: a person must change something. */
export function refuse({ answer, said, evidence }: Refusal, headline: string, hint: string): ClusterError {
  return new ClusterError('refused', headline, {
    evidence,
    hint,
    status: answer.status,
    reason: said.reason,
  });
}
