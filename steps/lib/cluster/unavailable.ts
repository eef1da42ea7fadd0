import { ClusterError } from './cluster-error.ts';
import type { Answer } from './exchange.ts';
import { quoteShort, sourceOf } from './quote.ts';
import type { Subject } from './refusal.ts';
import { readStatus } from './status.ts';

/** The server was there and could not, all the time that we tried. */
export function unavailable(answer: Answer, subject: Subject): ClusterError {
  const said = readStatus(answer);
  const headline =
    answer.status === 429
      ? 'the API server throttles us (priority and fairness)'
      : `the API server cannot serve ${subject.what} now`;
  return new ClusterError('unavailable', headline, {
    evidence: [`${quoteShort(said?.message ?? pageText(answer))} (${sourceOf(answer, subject.request)})`],
    hint: 'oc get --raw /readyz?verbose   (what the API server misses), then run again',
    status: answer.status,
    reason: said?.reason ?? '',
  });
}

/** An admission or conversion webhook that the server needs for this kind does not answer it. */
export function webhookDown(answer: Answer, subject: Subject): ClusterError {
  const { message = '', reason = '' } = readStatus(answer) ?? {};
  const [, called, converting] = /webhook "([^"]*)"|webhook for ([^,]+)[,:] /.exec(message) ?? [];
  const headline = `the webhook ${called ?? `that converts ${converting}`} does not answer the API server`;
  return new ClusterError('unavailable', headline, {
    evidence: [`${quoteShort(message)} (${sourceOf(answer, subject.request)})`],
    hint: /kserve|opendatahub|odh/i.test(message)
      ? "oc get pods -A | grep -E 'kserve-controller-manager|odh-model-controller'   (they must be Running)"
      : 'oc get validatingwebhookconfigurations,mutatingwebhookconfigurations -o wide   (whose it is; its pods must be Running)',
    status: answer.status,
    reason,
  });
}

/** The words of a load balancer's page, without its markup. */
function pageText({ status, text }: Answer): string {
  const words = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return words === '' ? `HTTP ${status} without a body` : words;
}
