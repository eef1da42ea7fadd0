import type { KubeObject, ObjectRef } from '../../steps/lib/cluster.ts';
import type { Ask } from './ask.ts';
import type { Webhook } from './controllers.ts';
import type { Kind } from './kinds.ts';
import type { Logs } from './logs.ts';
import type { Attempt } from './rbac.ts';
import { StatusError } from './status.ts';
import type { Store } from './store.ts';
import type { Tokens, User } from './tokens.ts';

/** All that answering a request needs. */
export interface Desk {
  readonly store: Store;
  readonly webhooks: Iterable<Webhook>;
  readonly logs: Logs;
  readonly tokens: Tokens;
  readonly adminToken: string;
  readonly maxTokenSeconds: number | undefined;
  /** Notes what the sandbox does not know. */
  refuse(ask: Ask, why: string): void;
  note(user: User, attempt: Attempt, code: number): void;
}

/** What the real server can and the sandbox cannot: loud, so that nobody takes it for an answer of Kubernetes. */
export function unknownHere(desk: Desk, ask: Ask, why: string): StatusError {
  desk.refuse(ask, why);
  return new StatusError(501, '', `the sandbox does not know this: ${why}`);
}

export const refIn = (
  { apiVersion, kind, namespaced }: Kind,
  namespace: string,
  name: string,
): ObjectRef => ({
  apiVersion,
  kind,
  name,
  ...(namespaced ? { namespace } : {}),
});

export const find = ({ store }: Desk, kind: Kind, namespace: string, name: string): KubeObject | undefined =>
  store.read(refIn(kind, namespace, name));
