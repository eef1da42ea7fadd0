export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
}

/** The user that the API server takes the account for, and the subject of its tokens. */
export function subjectOf({ namespace, name }: ServiceAccount): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** Undefined where the user is a person or something else. */
export function accountOf(user: string): ServiceAccount | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
