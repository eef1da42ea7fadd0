import type { Account } from './account.ts';
import { ClusterError } from './cluster-error.ts';
import type { Answer } from './exchange.ts';
import { quoteShort, sourceOf } from './quote.ts';
import type { Subject } from './refusal.ts';
import { readStatus } from './status.ts';

/** A proxy's page, a login form, a load balancer: whatever it is, it is not the API server. */
export function requireKubernetes(answer: Answer, { request }: Subject, account: Account): void {
  const type = answer.headers.get('content-type') ?? '';
  // A container's log may well begin with a page; it comes as text/plain.
  const isPage = /html/i.test(type) || (type === '' && /^\s*<(!doctype|html)/i.test(answer.text));
  if (!isPage || readStatus(answer) !== undefined) return;
  throw new ClusterError('refused', `what answers at ${account.server} is not the Kubernetes API`, {
    evidence: [`${quoteShort(answer.text)} (${sourceOf(answer, request)}, ${type || 'no content type'})`],
    hint: `check the server in ${account.source}, and whether a proxy stands in the way: curl -k ${account.server}/version`,
    status: answer.status,
    reason: '',
  });
}
