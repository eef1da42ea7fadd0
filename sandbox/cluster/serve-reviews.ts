import type { Answer, Ask } from './ask.ts';
import { readBody } from './body.ts';
import type { Desk } from './desk.ts';
import { requestToken, reviewAccess, reviewToken } from './reviews.ts';
import type { ResourceTarget } from './target.ts';
import type { User } from './tokens.ts';
import { whoIs } from './who.ts';

/** What is posted only to be answered: TokenRequest and the reviews. Undefined for everything else. */
export function serveReview(desk: Desk, ask: Ask, target: ResourceTarget, user: User): Answer | undefined {
  const { apiVersion, resource, subresource, namespace, name } = target;
  switch ([apiVersion, resource, subresource].join(' ').trim()) {
    case 'v1 serviceaccounts token': {
      const to = { namespace, name, maxSeconds: desk.maxTokenSeconds };
      const { object, warnings } = requestToken(readBody(ask), to, desk.store, desk.tokens);
      return { code: 201, body: object, warnings };
    }
    case 'authentication.k8s.io/v1 tokenreviews':
      return {
        code: 201,
        body: reviewToken(readBody(ask), (token, audiences) => whoIs(desk, token, audiences)),
      };
    case 'authorization.k8s.io/v1 subjectaccessreviews':
      return { code: 201, body: reviewAccess(readBody(ask), undefined, desk.store) };
    case 'authorization.k8s.io/v1 selfsubjectaccessreviews':
      return { code: 201, body: reviewAccess(readBody(ask), user, desk.store) };
    default:
      return undefined;
  }
}
