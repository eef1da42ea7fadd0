import { ClusterError } from './cluster-error.ts';
import { explainConflict } from './conflict.ts';
import type { Answer } from './exchange.ts';
import { explainForbidden } from './forbidden.ts';
import { explainInvalid } from './invalid.ts';
import { explainMissing } from './missing.ts';
import { quoteShort, sourceOf } from './quote.ts';
import { refuse, type Refusal, type Subject } from './refusal.ts';
import { readStatus, type Status } from './status.ts';

export function requireSuccess(answer: Answer, subject: Subject): void {
  if (answer.status >= 300) throw explainAnswer(answer, subject);
}

/** Every answer that is not a success, as an error for the person on call. Bodies and headers are never printed whole. */
export function explainAnswer(answer: Answer, subject: Subject): ClusterError {
  const said = readStatus(answer);
  if (said === undefined && answer.status < 300) return explainBroken(answer, subject);
  return explainRefusal(answer, subject, said ?? foreignStatus(answer));
}

function explainRefusal(answer: Answer, subject: Subject, said: Status): ClusterError {
  const evidence = [`${quoteShort(said.message)} (${sourceOf(answer, subject.request)})`];
  const refusal: Refusal = { answer, said, subject, evidence };
  const denied = /^admission webhook "([^"]*)" denied the request: (.*)$/s.exec(said.message);
  if (denied) return explainDenial(refusal, denied[1] ?? '', denied[2] ?? '');
  switch (answer.status) {
    case 401:
      return explainUnauthorized(refusal);
    case 403:
      return explainForbidden(refusal);
    case 404:
      return explainMissing(refusal);
    case 409:
      return explainConflict(refusal);
    case 400:
    case 422:
    case 500:
      return explainInvalid(refusal);
    default:
      return refuse(
        refusal,
        `the API server answered ${answer.status} for ${subject.what}`,
        readHint(subject),
      );
  }
}

/** Cut on its way, or of something before the API server. Not quoted: it may hold half a Secret. */
function explainBroken(answer: Answer, subject: Subject): ClusterError {
  const { status, text } = answer;
  const headline = `the API server answered ${status} for ${subject.what}, and not with what was asked for`;
  return new ClusterError('unavailable', headline, {
    evidence: [
      `${Buffer.byteLength(text)} bytes that are not the object (${sourceOf(answer, subject.request)})`,
    ],
    hint: 'run again; when it stays so: oc get --raw /readyz?verbose   (and whatever stands before the API server)',
    status,
    reason: '',
  });
}

function foreignStatus({ status, text }: Answer): Status {
  const message = text.trim() === '' ? `HTTP ${status} without a body` : text.trim();
  return { message, reason: '', kind: '', group: '', name: '', causes: [] };
}

function explainUnauthorized(refusal: Refusal): ClusterError {
  return refuse(
    refusal,
    'the API server does not accept our credentials',
    'oc whoami   (with the same KUBECONFIG; in a pod: run the Task again, its token is made anew)',
  );
}

function explainDenial(refusal: Refusal, webhook: string, reason: string): ClusterError {
  const { subject } = refusal;
  return refuse(
    refusal,
    `${webhook} refuses ${subject.what}: ${quoteShort(reason)}`,
    `change what it names and run again; who it is: oc get validatingwebhookconfigurations,mutatingwebhookconfigurations -o name`,
  );
}

const readHint = ({ namespace }: Subject): string =>
  `oc get events${namespace === undefined ? '' : ` -n ${namespace}`} --sort-by=.lastTimestamp   (and the log of the API server)`;
