import type { Ask } from './ask.ts';
import type { Desk } from './desk.ts';
import type { Attempt } from './rbac.ts';
import { forbidden, StatusError, unauthorized } from './status.ts';
import type { User } from './tokens.ts';

/** Who sends this request: nobody known without a token; a wrong one is refused. */
export function identify(desk: Desk, { headers }: Ask): User {
  const header = headers['authorization'];
  if (typeof header !== 'string') {
    return { name: 'system:anonymous', uid: '', groups: ['system:unauthenticated'], extra: {} };
  }
  const found = whoIs(desk, /^Bearer\s+(\S+)$/.exec(header)?.[1] ?? '');
  if (typeof found === 'string') throw unauthorized();
  return found;
}

/** Who bears this token, or why nobody does. */
export function whoIs(
  { adminToken, tokens }: Desk,
  token: string,
  audiences?: readonly string[],
): User | string {
  return token === adminToken
    ? { name: 'system:admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} }
    : tokens.identify(token, audiences);
}

/** The 403 of the RBAC authorizer. */
export function deny(user: User, attempt: Attempt, reason: string): StatusError {
  const { verb, group, resource, subresource, namespace, name, path } = attempt;
  const tail = reason === '' ? '' : `: ${reason}`;
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (path !== undefined) {
    const message = `forbidden: ${who} path ${JSON.stringify(path)}${tail}`;
    return new StatusError(403, 'Forbidden', message, { details: {} });
  }
  const what = JSON.stringify(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} resource ${what} in API group ${JSON.stringify(group)} ${where}${tail}`;
  return forbidden({ group, plural: resource }, name, why);
}
